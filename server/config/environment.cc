// What the environment says: where things lie by default, and settings over the file's.
#include "base/suggest.h"
#include "config/sections.h"

namespace drift {
namespace {

constexpr std::string_view kEnvironment = "environment";

std::string Get(const EnvLookup& environment, const std::string& name) {
  return environment == nullptr ? "" : environment(name).value_or("");
}

}  // namespace

StatusOr<Config> DefaultConfig(const EnvLookup& environment) {
  std::string state = Get(environment, "XDG_STATE_HOME");
  if (state.empty()) {
    const std::string home = Get(environment, "HOME");
    if (home.empty()) {
      return NotFound(
          "neither XDG_STATE_HOME nor HOME says where the ledger should lie; set ledger.url or "
          "DRIFT_LEDGER_URL");
    }
    state = home + "/.local/state";
  }
  Config config;
  config.ledger.url = "sqlite://" + state + "/drift/ledger.db";
  return config;
}

namespace config_internal {

void ApplyEnvironment(const EnvLookup& environment, const ConfigChecks& checks, Config& config,
                      Problems& problems) {
  const auto report = [&](std::string_view name, std::string_view message) {
    problems.Add(kEnvironment, Place{0, 0}, name, message);
  };
  if (const std::string word = Get(environment, "DRIFT_LOG_LEVEL"); !word.empty()) {
    const std::vector<std::string> known = {"debug", "info", "warn", "error"};
    if (!ParseLogLevel(word, config.log.level)) {
      report("DRIFT_LOG_LEVEL", fmt::format("unknown value '{}'{}", word, DidYouMean(word, known)));
    }
  }
  const auto listen = [&](const std::string& name, std::string& out) {
    const std::string address = Get(environment, name);
    if (address.empty()) return;
    const Status status = CheckListenAddress(address);
    if (!status.ok()) return report(name, Message(status));
    out = address;
  };
  listen("DRIFT_GRPC_LISTEN", config.server.grpc_listen);
  listen("DRIFT_HTTP_LISTEN", config.server.http_listen);
  if (const std::string url = Get(environment, "DRIFT_LEDGER_URL"); !url.empty()) {
    const Status status = CheckLedgerUrl(url, checks);
    if (!status.ok()) report("DRIFT_LEDGER_URL", Message(status));
    config.ledger.url = url;
  }
}

}  // namespace config_internal
}  // namespace drift
