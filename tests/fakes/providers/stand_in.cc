#include "tests/fakes/providers/stand_in.h"

#include <cstdio>
#include <cstdlib>

#include "net/json.h"

namespace drift::testing {
namespace {

constexpr std::string_view kReady = "listening on ";

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "provider stand-in: %s\n", why.c_str());
  std::abort();
}

JsonDocument Parse(const std::string& text) {
  auto document = JsonDocument::Parse(text);
  if (!document.ok()) Die(document.status().ToString());
  return std::move(document).value();
}

}  // namespace

StatusOr<std::unique_ptr<ProviderStandIn>> ProviderStandIn::Start() {
  // What is on this machine is not asked for through a proxy.
  setenv("no_proxy", "127.0.0.1", 1);
  // Tests run in the project's folder.
  ASSIGN_OR_RETURN(auto process, Process::Spawn({.args = {"tests/fakes/providers/run.sh"}}));
  RETURN_IF_ERROR(process->WaitForOutput(std::string(kReady)));
  const std::string output = process->Output();
  const size_t at = output.find(kReady) + kReady.size();
  const auto port = static_cast<uint16_t>(std::strtoul(&output[at], nullptr, 10));
  RETURN_IF_ERROR(process->WaitForPort(port));
  return std::unique_ptr<ProviderStandIn>(new ProviderStandIn(std::move(process), port));
}

std::string ProviderStandIn::base_url(std::string_view type) const {
  const bool versioned = type == "openai" || type == "compat" || type == "voyage";
  const std::string_view version = type == "gemini" ? "/v1beta" : versioned ? "/v1" : "";
  return url(fmt::format("/{}{}", type, version));
}

std::string ProviderStandIn::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

std::string ProviderStandIn::Control(HttpRequest::Method method, std::string_view path,
                                     std::string body) {
  HttpRequest request;
  request.method = method;
  request.url = url(path);
  request.body = std::move(body);
  const auto response = http_.Send(request, {});
  if (!response.ok()) Die(response.status().ToString());
  if (response->status != 200) Die(fmt::format("{}: {}", path, response->body));
  return response->body;
}

void ProviderStandIn::Script(const std::vector<std::string>& faults) {
  std::string body = "{\"faults\":[";
  for (size_t i = 0; i < faults.size(); ++i) body += (i > 0 ? "," : "") + faults[i];
  Control(HttpRequest::Method::kPost, "/control/faults", body + "]}");
}

void ProviderStandIn::Configure(const std::string& settings) {
  Control(HttpRequest::Method::kPost, "/control/settings", settings);
}

void ProviderStandIn::Reset() {
  Control(HttpRequest::Method::kPost, "/control/reset", "");
}

ProviderStandIn::Bill ProviderStandIn::ReadBill() {
  const JsonDocument document = Parse(Control(HttpRequest::Method::kGet, "/control/bill", ""));
  Bill bill;
  bill.requests = document.root().GetInt("requests").value();
  bill.tokens = document.root().GetInt("tokens").value();
  const JsonView texts = document.root().Get("texts").value();
  for (const std::string_view text : texts.Names()) {
    bill.texts[std::string(text)] = texts.GetInt(text).value();
  }
  return bill;
}

std::string ProviderStandIn::Read(std::string_view what) {
  return Control(HttpRequest::Method::kGet, fmt::format("/control/{}", what), "");
}

std::vector<std::string> ProviderStandIn::RequestBodies() {
  const JsonDocument document = Parse(Control(HttpRequest::Method::kGet, "/control/requests", ""));
  std::vector<std::string> out;
  for (size_t i = 0; i < document.root().size(); ++i) {
    out.emplace_back(document.root()[i].GetString("body").value());
  }
  return out;
}

ProviderStandIn& SharedStandIn() {
  CurrentStandIn().Reset();
  return CurrentStandIn();
}

ProviderStandIn& CurrentStandIn() {
  // The kernel ends the child with the thread that started it: gtest's main one.
  static ProviderStandIn* const stand_in = [] {
    auto started = ProviderStandIn::Start();
    if (!started.ok()) Die(started.status().ToString());
    return std::move(started).value().release();
  }();
  return *stand_in;
}

}  // namespace drift::testing
