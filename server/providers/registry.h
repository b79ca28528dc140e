// Every type of provider there is, and models made from configuration.
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

// Types with the options they take besides type, api_key and base_url.
std::map<std::string, std::vector<std::string>> ProviderTypes();

// Providers that need no configuration: openai, voyage, gemini and cohere (with OPENAI_API_KEY,
// VOYAGE_API_KEY, GEMINI_API_KEY or CO_API_KEY in the environment), ollama (on this machine), local
// and shadow.
std::vector<ProviderConfig> WellKnownProviders();

// Safe for concurrent use. What it is made with must outlive it, and it must outlive what it makes.
class ProviderRegistry {
 public:
  // `model_folders`: where local models' files lie (local::ModelFiles::DefaultFolders()).
  // `ratios`: what is known of bills already, and goes on being learned.
  ProviderRegistry(const ModelCatalogue& models, const PriceBook& prices, Clock& clock,
                   std::vector<std::string> model_folders,
                   std::shared_ptr<TokenRatios> ratios = std::make_shared<TokenRatios>())
      : models_(models),
        prices_(prices),
        clock_(clock),
        files_(std::move(model_folders)),
        ratios_(std::move(ratios)) {}

  // The rest of these contacts nobody. kInvalidArgument: an option of the provider is wrong, its
  // type is not known, or a key is missing that the type needs.
  Status CheckProvider(const ProviderConfig& provider) const;
  // What is known of the model. kNotFound (MODEL_NOT_FOUND) with what was probably meant.
  StatusOr<ModelEntry> FindModel(const ProviderConfig& provider, std::string_view model) const;
  // `dimensions`, or the model's own if 0. kInvalidArgument: the model has no such dimensions;
  // lists those it has.
  StatusOr<int32_t> ResolveDimensions(const ProviderConfig& provider, std::string_view model,
                                      int32_t dimensions) const;
  // Nano-dollars for a million tokens now. kNotFound: no price is known.
  StatusOr<int64_t> PriceNow(const ProviderConfig& provider, std::string_view model) const;

  // Whether `other` serves the very same model: equal texts get equal vectors there, so that it may
  // be asked while `provider` does not answer. kInvalidArgument names what differs.
  Status CheckFallback(const ProviderConfig& provider, const ProviderConfig& other,
                       std::string_view model, int32_t dimensions) const;

  // Whether the model could be used now: a price is known, the key is there (kUnauthenticated), the
  // files of a local model are (kFailedPrecondition, MODEL_NOT_INSTALLED).
  Status CheckReady(const ProviderConfig& provider, std::string_view model) const;

  // What MakeEmbedder's model() would say, without reading a key or opening files: for models over
  // a network. Errors as for MakeEmbedder.
  StatusOr<ModelInfo> DescribeModel(const ProviderConfig& provider, std::string_view model,
                                    int32_t dimensions);
  // Also reads the key (kUnauthenticated: it is not there) and opens local files
  // (kFailedPrecondition MODEL_NOT_INSTALLED). A model without a price is refused: kNotFound.
  StatusOr<std::unique_ptr<Embedder>> MakeEmbedder(const ProviderConfig& provider,
                                                   std::string_view model, int32_t dimensions);
  // Works without a key: a plan needs no more. Where no tokenizer exists the counter estimates, and
  // its estimates follow what the embedders made here are told they are billed.
  StatusOr<std::unique_ptr<TokenCounter>> MakeTokenCounter(const ProviderConfig& provider,
                                                           std::string_view model);
  // What MakeTokenCounter()'s estimates follow. Null: nothing is to be learned, because a tokenizer
  // counts, or nothing does.
  std::shared_ptr<TokenRatio> FindRatio(const ProviderConfig& provider,
                                        std::string_view model) const;

 private:
  std::shared_ptr<TokenRatio> RatioOf(const ProviderConfig& provider,
                                      const ModelEntry& entry) const;

  const ModelCatalogue& models_;
  const PriceBook& prices_;
  Clock& clock_;
  local::ModelFiles files_;
  const std::shared_ptr<TokenRatios> ratios_;
};

}  // namespace drift
