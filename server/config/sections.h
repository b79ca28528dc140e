// The sections of a configuration file, one function each. Internal to server/config.
#pragma once

#include "config/config.h"

namespace drift::config_internal {

void ReadServer(const YamlValue& value, ServerConfig& server);
void ReadLedger(const YamlValue& value, const ConfigChecks& checks, LedgerConfig& ledger);
void ReadLog(const YamlValue& value, LogConfig& log);
void ReadCatalogue(const YamlValue& value, const ConfigChecks& checks, CatalogueConfig& catalogue);
void ReadProviders(const YamlValue& value, const ConfigChecks& checks,
                   std::vector<ProviderConfig>& providers);
// After providers. `config.pipelines` is filled.
void ReadPipelines(const YamlValue& value, const ConfigChecks& checks, Config& config);
// After providers and pipelines.
void ReadBudgets(const YamlValue& value, const ConfigChecks& checks, Config& config);

// HOST:PORT, [IPv6]:PORT; port 0 to 65535.
Status CheckListenAddress(std::string_view text);
Status CheckLedgerUrl(const std::string& url, const ConfigChecks& checks);

// Settings by environment, over the file's.
void ApplyEnvironment(const EnvLookup& environment, const ConfigChecks& checks, Config& config,
                      Problems& problems);

}  // namespace drift::config_internal
