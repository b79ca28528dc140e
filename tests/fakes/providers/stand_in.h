// The stand-in for embedding providers (server.py) as a child of a test.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/types.h"
#include "net/http.h"
#include "tests/support/process.h"

namespace drift::testing {

// One thread at a time. Stopped by the destructor.
class ProviderStandIn {
 public:
  static StatusOr<std::unique_ptr<ProviderStandIn>> Start();

  // base_url for a provider of that type: openai, azure, voyage, gemini, cohere, ollama, tei;
  // compat is a server of another make that speaks OpenAI's protocol. The key it accepts is kKey.
  std::string base_url(std::string_view type) const;
  std::string openai_url() const { return base_url("openai"); }
  std::string url(std::string_view path) const;
  static constexpr std::string_view kKey = "sk-test";

  // Faults for the next requests, as faults.py describes them: R"({"kind":"status","status":503})".
  void Script(const std::vector<std::string>& faults);
  // See State.configure in state.py: R"({"quota":{"tokens_per_minute":10}})".
  void Configure(const std::string& settings);
  void Reset();

  struct Bill {
    int64_t requests = 0;
    int64_t tokens = 0;
    std::map<std::string, int64_t> texts;  // how often each was billed
  };
  Bill ReadBill();
  // JSON of GET /control/..., see control.py: "stats", "bill?texts=0", "requests".
  std::string Read(std::string_view what);
  // Bodies of the requests so far, those that were refused included; as JSON text.
  std::vector<std::string> RequestBodies();

 private:
  explicit ProviderStandIn(std::unique_ptr<Process> process, uint16_t port)
      : process_(std::move(process)), port_(port) {}
  std::string Control(HttpRequest::Method method, std::string_view path, std::string body);

  const std::unique_ptr<Process> process_;
  const uint16_t port_;
  HttpClient http_;
};

// One for the whole test program, reset by each call. Aborts the program when it cannot be started.
ProviderStandIn& SharedStandIn();
// The same as it is.
ProviderStandIn& CurrentStandIn();

}  // namespace drift::testing
