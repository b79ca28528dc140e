// What is known about models before any of them is called: the model catalogue, the price book, and
// the providers a user configured. Read from files by config/catalogue.h, used by
// providers/registry.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "base/status.h"
#include "core/embedder.h"
#include "core/ledger_types.h"

namespace drift {

// One entry of `providers:`. The well-known ones need none (providers/registry.h).
struct ProviderConfig {
  std::string name;                            // what stands before the slash of a model: "openai"
  std::string type;                            // which protocol it speaks: "openai"
  SecretRef api_key;                           // may be empty where no key is needed
  std::string base_url;                        // empty: the type's own
  std::map<std::string, std::string> options;  // further settings of the type, as text
  // Names of other entries that serve the same models: asked while this one does not answer.
  std::vector<std::string> fallback = {};

  bool operator==(const ProviderConfig& other) const {
    return name == other.name && type == other.type && api_key.text == other.api_key.text &&
           base_url == other.base_url && options == other.options && fallback == other.fallback;
  }
};

// The names of both, each once, sorted: what is known, for a message.
std::vector<std::string> ProviderNames(std::span<const ProviderConfig> configured,
                                       std::span<const ProviderConfig> well_known);

// Which dimensions one may ask a model for.
struct DimensionRule {
  int32_t standard = 0;  // without asking
  int32_t min = 0;       // any from min to max; 0: no such range
  int32_t max = 0;
  std::vector<int32_t> choices;  // or one of these

  bool selectable() const { return max > 0 || !choices.empty(); }
  bool Allows(int32_t dimensions) const;
  // "1536", "256, 512 or 1024", "1 to 1536".
  std::string ToString() const;
};

enum class TokenizerKind : uint8_t {
  kEstimate,  // none that we have
  kCl100k,    // OpenAI's, by tiktoken
  kO200k,
  kModelFile,  // the tokenizer.json beside a local model's weights
};

// Of a model that runs inside the process. Paths are relative to a models folder.
struct LocalModel {
  enum class Kind : uint8_t { kStatic, kOnnx };
  enum class Pooling : uint8_t { kMean, kCls };
  Kind kind = Kind::kStatic;
  std::string weights;
  std::string weights_sha256;  // hex; empty: not checked
  std::string tokenizer;
  std::string tokenizer_sha256;
  Pooling pooling = Pooling::kMean;  // kOnnx
  // Whether a text's vector depends on the texts beside it (int8 models quantise over the whole
  // batch): such a model is given one text a call.
  bool one_text_per_call = false;
};

struct ModelEntry {
  std::string provider;  // a provider's type, or the name of a configured one
  std::string name;
  DimensionRule dimensions;
  RequestLimits request;
  RateLimits rate;  // what every account has at least; a provider's options say more
  TokenizerKind tokenizer = TokenizerKind::kEstimate;
  // Put before a text by us (prefix), or told to the provider, which does it itself (type).
  std::string document_prefix;
  std::string query_prefix;
  std::string document_type;
  std::string query_type;
  std::optional<LocalModel> local;

  std::string id() const { return provider + "/" + name; }
};

// Constant after it was filled; then safe for concurrent use.
class ModelCatalogue {
 public:
  // Replaces an entry of the same provider and name.
  void Add(ModelEntry entry);

  // The entry of (provider.name, model), else of (provider.type, model).
  // kNotFound (MODEL_NOT_FOUND): not known; names a similar one, and how to make it known.
  StatusOr<ModelEntry> Find(const ProviderConfig& provider, std::string_view model) const;

  const std::vector<ModelEntry>& entries() const { return entries_; }  // in order of adding

 private:
  const ModelEntry* Lookup(std::string_view provider, std::string_view model) const;
  std::vector<ModelEntry> entries_;
};

struct Price {
  std::string provider;  // a provider's type, or the name of a configured one
  std::string model;     // "*": every model of the provider that has no price of its own
  WallTime since;        // from then on, until the next entry's
  int64_t nano_usd_per_million_tokens = 0;
};

// Constant after it was filled; then safe for concurrent use.
class PriceBook {
 public:
  // Replaces a price of the same provider, model and day.
  void Add(Price price);

  // The price in force at `at`: of (provider.name, model), (provider.name, "*"), (provider.type,
  // model), (provider.type, "*"), whichever is there first. kNotFound: no price is known, which is
  // never taken to mean that it is free.
  StatusOr<Price> Find(const ProviderConfig& provider, std::string_view model, WallTime at) const;

  const std::vector<Price>& prices() const { return prices_; }  // in order of adding

 private:
  const Price* Lookup(std::string_view provider, std::string_view model, WallTime at) const;
  std::vector<Price> prices_;
};

// What `tokens` cost, rounded up: money is never under-reported. REQUIRES: neither is negative.
NanoUsd CostOf(int64_t tokens, int64_t nano_usd_per_million_tokens);

}  // namespace drift
