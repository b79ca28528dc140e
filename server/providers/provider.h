// What every provider is made from.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "core/catalogue.h"
#include "core/embedder.h"
#include "providers/local/model_files.h"

namespace drift {

struct ProviderParts {
  const ProviderConfig& config;
  const ModelEntry& entry;
  int32_t dimensions;        // allowed by the entry
  bool is_free;              // its price is 0
  Clock& clock;              // outlives the embedder
  local::ModelFiles& files;  // outlives the embedder
};

// Name, dimensions, limits and rates; the fingerprint is `config.type`/`entry.name`.
// kInvalidArgument: an option that should be a number is none.
StatusOr<ModelInfo> MakeModelInfo(const ProviderParts& parts);

// Options all providers over a network take: timeout_secs, max_concurrency, requests_per_minute,
// tokens_per_minute.
const std::vector<std::string>& NetworkOptions();

// The option as a whole number from 1 on, or `absent` if it is not given.
StatusOr<int64_t> NumberOption(const ProviderConfig& config, const std::string& name,
                               int64_t absent);

// OK if all NetworkOptions() that are given can be read.
Status CheckNetworkOptions(const ProviderConfig& config);

}  // namespace drift
