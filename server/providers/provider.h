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
#include "providers/token_ratio.h"

namespace drift {

struct ProviderParts {
  const ProviderConfig& config;
  const ModelEntry& entry;
  int32_t dimensions;  // allowed by the entry
  bool is_free;        // its price is 0
  std::string_view
      space;     // whose vectors these are: the type, or another one that serves the same models
  Clock& clock;  // outlives the embedder
  local::ModelFiles& files;  // outlives the embedder
  // Told what the provider bills; null where nothing is to be learned.
  std::shared_ptr<TokenRatio> ratio;
};

// Name, dimensions, limits and rates; the fingerprint is `space`/`entry.name`.
// Quotas are those of the options, else those of the entry.
// kInvalidArgument: an option that should be a number is none.
StatusOr<ModelInfo> MakeModelInfo(const ProviderParts& parts);

// Options all providers over a network take: timeout_secs, max_concurrency, requests_per_minute,
// tokens_per_minute, texts_per_minute.
const std::vector<std::string>& NetworkOptions();

// The option as a whole number from 1 on, or `absent` if it is not given.
StatusOr<int64_t> NumberOption(const ProviderConfig& config, const std::string& name,
                               int64_t absent);

// OK if all NetworkOptions() that are given can be read.
Status CheckNetworkOptions(const ProviderConfig& config);

}  // namespace drift
