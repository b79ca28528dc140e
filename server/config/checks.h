// What the connectors know about addresses and models, as far as a configuration can be checked
// without connecting to anything. The composition root fills it from the registries, so that
// configuration does not depend on them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/catalogue.h"

namespace drift {

// An empty function checks nothing. All are called from the thread that reads the configuration.
// Statuses are kInvalidArgument; their message is shown behind the place and the path of the value.
struct ConfigChecks {
  // Source types with their keys of `storage`.
  std::map<std::string, std::vector<std::string>> source_types = {{"delta", {}}};
  // The address as it is stored: absolute path or URL. An error for relative paths, unknown
  // schemes.
  std::function<StatusOr<std::string>(const std::string& source_type, const std::string& table)>
      normalize_table;

  // The URI as it is stored. An error for unknown schemes and options, relative paths, REST ports.
  std::function<StatusOr<std::string>(const std::string& uri)> normalize_sink;

  std::function<Status(const std::string& url)> check_ledger_url;

  // Whether a file that the configuration names can be read.
  std::function<Status(const std::string& path)> check_file;

  // Provider types with the options they take besides type, api_key and base_url.
  std::map<std::string, std::vector<std::string>> provider_types;
  // Those that need no entry under `providers:`.
  std::vector<ProviderConfig> well_known_providers;
  std::function<Status(const ProviderConfig& provider)> check_provider;

  // Whether the provider has the model, and the model the dimensions (0: its own).
  std::function<Status(const ProviderConfig& provider, const std::string& model)> check_model;
  std::function<Status(const ProviderConfig& provider, const std::string& model,
                       int32_t dimensions)>
      check_dimensions;
  // Whether the model of `provider` (with these dimensions) is the very same at `fallback`.
  std::function<Status(const ProviderConfig& provider, const ProviderConfig& fallback,
                       const std::string& model, int32_t dimensions)>
      check_fallback;
};

}  // namespace drift
