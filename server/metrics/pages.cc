#include "metrics/pages.h"

namespace drift {
namespace {

constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kHtmlType[] = "text/html; charset=utf-8";

HttpReply Ready(const std::function<Status()>& ready) {
  const Status status = ready();
  HttpReply reply;
  reply.status = status.ok() ? 200 : 503;
  reply.body = status.ok() ? "ready\n" : fmt::format("not ready: {}\n", Message(status));
  return reply;
}

std::string FrontPage(const std::string& version) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>driftd</title>\n"
      "<style>body{{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:40rem}}"
      "code{{background:#eee;padding:.1em .3em}}</style></head>\n"
      "<body><h1>driftd {}</h1>\n"
      "<p>Keeps vector indexes true to the tables they come from. "
      "See how it is with <code>driftctl status</code>.</p>\n"
      "<ul><li><a href=\"/metrics\">/metrics</a> for Prometheus</li>\n"
      "<li><a href=\"/healthz\">/healthz</a> the process turns</li>\n"
      "<li><a href=\"/readyz\">/readyz</a> it takes work</li></ul></body></html>\n",
      version);
}

}  // namespace

std::map<std::string, HttpRoute> DaemonRoutes(Metrics& metrics, std::function<Status()> ready,
                                              const std::string& version) {
  std::map<std::string, HttpRoute> routes;
  routes["/metrics"].answer = [&metrics] { return HttpReply{200, kMetricsType, metrics.Text()}; };
  routes["/readyz"].answer = [ready = std::move(ready)] { return Ready(ready); };
  routes["/healthz"] = {[] { return HttpReply{.body = "ok\n"}; }, /*immediate=*/true};
  routes["/"] = {[page = FrontPage(version)] {
                   return HttpReply{200, kHtmlType, page};
                 },
                 /*immediate=*/true};
  return routes;
}

}  // namespace drift
