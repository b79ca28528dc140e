// The daemon's configuration: config/driftd.yaml shows every option.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "config/checks.h"
#include "config/problems.h"
#include "config/yaml.h"
#include "core/catalogue.h"
#include "core/ledger_types.h"
#include "core/spec.h"

namespace drift {

struct ServerConfig {
  std::string grpc_listen = "127.0.0.1:7433";  // HOST:PORT; port 0: any free one
  std::string http_listen = "127.0.0.1:9464";
  int32_t shutdown_grace_secs = 25;
  bool operator==(const ServerConfig&) const = default;
};

struct LedgerConfig {
  std::string url;  // sqlite:///abs/ledger.db or postgresql://user@host/db
  bool operator==(const LedgerConfig&) const = default;
};

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  bool operator==(const LogConfig&) const = default;
};

// One limit for what a pipeline or a provider may spend in a day or month of UTC.
struct BudgetConfig {
  enum class Scope : uint8_t { kPipeline, kProvider };
  enum class Period : uint8_t { kDay, kMonth };
  Scope scope = Scope::kPipeline;
  std::string name;  // of the pipeline or provider
  Period period = Period::kDay;
  NanoUsd limit = 0;
  double soft_share = 0;  // of the limit, from which it alerts; 0: it does not
  bool operator==(const BudgetConfig&) const = default;
};

// User's files over the built-in ones; empty: none.
struct CatalogueConfig {
  std::string models;  // absolute path
  std::string prices;
  bool operator==(const CatalogueConfig&) const = default;
};

struct Config {
  ServerConfig server;
  LedgerConfig ledger;
  LogConfig log;
  std::vector<ProviderConfig> providers;
  std::vector<PipelineSpec> pipelines;  // normalised
  std::vector<BudgetConfig> budgets;
  CatalogueConfig catalogue;
  bool operator==(const Config&) const = default;
};

// What `driftd` runs on without a configuration file. kNotFound: neither XDG_STATE_HOME nor HOME
// says where the ledger should lie.
StatusOr<Config> DefaultConfig(const EnvLookup& environment);

// The configuration in a text, over the defaults; all that is wrong goes to `problems`, and what is
// returned is of use only when that stays empty.
Config ParseConfig(const std::string& file, std::string text, const EnvLookup& environment,
                   const ConfigChecks& checks, Problems& problems);

// The whole way: the file at `path` (empty: the one DRIFT_CONFIG names, else none), then the
// settings DRIFT_LOG_LEVEL, DRIFT_GRPC_LISTEN, DRIFT_HTTP_LISTEN and DRIFT_LEDGER_URL over it.
Config LoadConfig(const std::string& path, const EnvLookup& environment, const ConfigChecks& checks,
                  Problems& problems);

// The configured provider of that name, else the well-known one; nullptr: there is none.
const ProviderConfig* FindProvider(const std::vector<ProviderConfig>& configured,
                                   const ConfigChecks& checks, std::string_view name);

}  // namespace drift
