#include "metrics/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/metrics/raw_http.h"

namespace drift {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Pages, AnswerOverASocket) {
  Metrics metrics("0.1.0", "");
  Status ready = OkStatus();
  auto server = HttpServer::Start("127.0.0.1:0", DaemonRoutes(
                                                     metrics, [&] { return ready; }, "0.1.0"));
  ASSERT_TRUE(server.ok()) << server.status();
  const uint16_t port = (*server)->port();

  EXPECT_EQ(Body(Get(port, "/healthz")), "ok\n");
  EXPECT_EQ(Body(Get(port, "/readyz")), "ready\n");
  const std::string scrape = Get(port, "/metrics");
  EXPECT_THAT(scrape, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(scrape, HasSubstr("drift_build_info{commit=\"\",version=\"0.1.0\"} 1\n"));
  const std::string front = Get(port, "/");
  EXPECT_THAT(front, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_THAT(front, HasSubstr("<h1>driftd 0.1.0</h1>"));
  for (const char* link : {"href=\"/metrics\"", "href=\"/healthz\"", "href=\"/readyz\""}) {
    EXPECT_THAT(front, HasSubstr(link));
  }

  ready = Unavailable("the ledger does not answer");
  const std::string waiting = Get(port, "/readyz");
  EXPECT_THAT(waiting, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_EQ(Body(waiting), "not ready: the ledger does not answer\n");
  EXPECT_EQ(Body(Get(port, "/healthz")), "ok\n");
}

}  // namespace
}  // namespace drift
