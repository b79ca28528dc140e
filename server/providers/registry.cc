#include "providers/registry.h"

#include <algorithm>

#include "base/suggest.h"
#include "providers/cohere/provider.h"
#include "providers/gemini/provider.h"
#include "providers/http_settings.h"
#include "providers/local/provider.h"
#include "providers/ollama/provider.h"
#include "providers/openai/config.h"
#include "providers/openai/provider.h"
#include "providers/provider.h"
#include "providers/shadow/provider.h"
#include "providers/tei/provider.h"
#include "providers/token_counters.h"
#include "providers/voyage/provider.h"

namespace drift {
namespace {

struct ProviderType {
  std::string_view name;
  // Whose models it serves: equal spaces and model names mean equal vectors.
  std::string_view space;
  std::vector<std::string> options;
  ProviderConfig well_known;  // no name: it needs configuration
  Status (*check)(const ProviderConfig&);
  StatusOr<std::unique_ptr<Embedder>> (*make)(const ProviderParts&);
};

// A new provider is one line here and its folder.
const std::vector<ProviderType>& Table() {
  static const std::vector<ProviderType>& table = *new std::vector<ProviderType>{
      {"openai", "openai", openai::Options(), openai::WellKnown(), openai::Check, openai::Make},
      {"azure", "openai", openai::AzureOptions(), {}, openai::CheckAzure, openai::MakeAzure},
      {"voyage", "voyage", voyage::Options(), voyage::WellKnown(), voyage::Check, voyage::Make},
      {"gemini", "gemini", gemini::Options(), gemini::WellKnown(), gemini::Check, gemini::Make},
      {"cohere", "cohere", cohere::Options(), cohere::WellKnown(), cohere::Check, cohere::Make},
      {"ollama", "ollama", ollama::Options(), ollama::WellKnown(), ollama::Check, ollama::Make},
      {"tei", "tei", tei::Options(), {}, tei::Check, tei::Make},
      {"local",
       "local",
       local::Options(),
       {.name = "local", .type = "local"},
       local::Check,
       local::Make},
      {"shadow", "shadow", {}, {.name = "shadow", .type = "shadow"}, shadow::Check, shadow::Make},
  };
  return table;
}

StatusOr<const ProviderType*> FindType(std::string_view name) {
  std::vector<std::string> known;
  for (const ProviderType& type : Table()) {
    if (type.name == name) return &type;
    known.emplace_back(type.name);
  }
  return InvalidArgument("unknown provider type '{}'{}", name, DidYouMean(name, known));
}

}  // namespace

std::map<std::string, std::vector<std::string>> ProviderTypes() {
  std::map<std::string, std::vector<std::string>> out;
  for (const ProviderType& type : Table()) out.emplace(type.name, type.options);
  return out;
}

std::vector<ProviderConfig> WellKnownProviders() {
  std::vector<ProviderConfig> out;
  for (const ProviderType& type : Table()) {
    if (!type.well_known.name.empty()) out.push_back(type.well_known);
  }
  return out;
}

Status ProviderRegistry::CheckProvider(const ProviderConfig& provider) const {
  ASSIGN_OR_RETURN(const ProviderType* const type, FindType(provider.type));
  for (const auto& [option, value] : provider.options) {
    if (std::find(type->options.begin(), type->options.end(), option) == type->options.end()) {
      return InvalidArgument("unknown option '{}'{}", option, DidYouMean(option, type->options));
    }
  }
  return type->check(provider);
}

StatusOr<ModelEntry> ProviderRegistry::FindModel(const ProviderConfig& provider,
                                                 std::string_view model) const {
  if (provider.type == "shadow") return shadow::FindModel(model);
  return models_.Find(provider, model);
}

StatusOr<int32_t> ProviderRegistry::ResolveDimensions(const ProviderConfig& provider,
                                                      std::string_view model,
                                                      int32_t dimensions) const {
  ASSIGN_OR_RETURN(const ModelEntry entry, FindModel(provider, model));
  if (dimensions == 0) return entry.dimensions.standard;
  if (entry.dimensions.Allows(dimensions)) return dimensions;
  return InvalidArgument("model {}/{} has {} dimensions, not {}", provider.name, model,
                         entry.dimensions.ToString(), dimensions);
}

StatusOr<int64_t> ProviderRegistry::PriceNow(const ProviderConfig& provider,
                                             std::string_view model) const {
  ASSIGN_OR_RETURN(const Price price, prices_.Find(provider, model, clock_.Now()));
  return price.nano_usd_per_million_tokens;
}

Status ProviderRegistry::CheckFallback(const ProviderConfig& provider, const ProviderConfig& other,
                                       std::string_view model, int32_t dimensions) const {
  const auto refuse = [&](std::string_view why) {
    return InvalidArgument("{} cannot fall back to {} for {}: {}", provider.name, other.name, model,
                           why);
  };
  ASSIGN_OR_RETURN(const ProviderType* const type, FindType(provider.type));
  ASSIGN_OR_RETURN(const ProviderType* const other_type, FindType(other.type));
  ASSIGN_OR_RETURN(const ModelEntry entry, FindModel(provider, model));
  ASSIGN_OR_RETURN(const int32_t wanted, ResolveDimensions(provider, model, dimensions));
  if (entry.local || provider.type == "shadow") {
    return refuse("a model inside the process is never away");
  }
  if (type->space != other_type->space) {
    return refuse(fmt::format("a provider of type {} serves other models than one of type {}",
                              other.type, provider.type));
  }
  const auto same = FindModel(other, model);
  if (!same.ok()) return refuse(Message(same.status()));
  if (same->document_prefix != entry.document_prefix || same->query_prefix != entry.query_prefix ||
      same->document_type != entry.document_type || same->query_type != entry.query_type) {
    return refuse("its texts are sent there with other prefixes or types");
  }
  const auto dimensions_there = ResolveDimensions(other, model, wanted);
  if (!dimensions_there.ok()) return refuse(Message(dimensions_there.status()));
  const auto price = PriceNow(other, model);
  if (!price.ok()) return refuse(Message(price.status()));
  const auto deployment = other.options.find("deployment");
  const auto deployed = other.options.find("deployment_model");
  if (deployment != other.options.end() &&
      (deployed == other.options.end() || deployed->second != model)) {
    return refuse(fmt::format("say with deployment_model that the deployment '{}' is of this model",
                              deployment->second));
  }
  return OkStatus();
}

Status ProviderRegistry::CheckReady(const ProviderConfig& provider, std::string_view model) const {
  RETURN_IF_ERROR(CheckProvider(provider));
  ASSIGN_OR_RETURN(const ModelEntry entry, FindModel(provider, model));
  RETURN_IF_ERROR(PriceNow(provider, model).status());
  RETURN_IF_ERROR(ReadKey(provider.api_key, provider.name).status());
  if (!entry.local) return OkStatus();
  for (const std::string& file : {entry.local->weights, entry.local->tokenizer}) {
    RETURN_IF_ERROR(files_.Find(file, entry.id()).status());
  }
  return OkStatus();
}

StatusOr<ModelInfo> ProviderRegistry::DescribeModel(const ProviderConfig& provider,
                                                    std::string_view model, int32_t dimensions) {
  ASSIGN_OR_RETURN(const ModelEntry entry, FindModel(provider, model));
  ASSIGN_OR_RETURN(const int32_t resolved, ResolveDimensions(provider, model, dimensions));
  ASSIGN_OR_RETURN(const int64_t price, PriceNow(provider, model));
  ASSIGN_OR_RETURN(const ProviderType* const type, FindType(provider.type));
  return MakeModelInfo(
      ProviderParts{provider, entry, resolved, price == 0, type->space, clock_, files_, nullptr});
}

StatusOr<std::unique_ptr<Embedder>> ProviderRegistry::MakeEmbedder(const ProviderConfig& provider,
                                                                   std::string_view model,
                                                                   int32_t dimensions) {
  RETURN_IF_ERROR(CheckProvider(provider));
  ASSIGN_OR_RETURN(const ProviderType* const type, FindType(provider.type));
  ASSIGN_OR_RETURN(const ModelEntry entry, FindModel(provider, model));
  ASSIGN_OR_RETURN(const int32_t resolved, ResolveDimensions(provider, model, dimensions));
  ASSIGN_OR_RETURN(const int64_t price, PriceNow(provider, model));
  return type->make(ProviderParts{provider, entry, resolved, price == 0, type->space, clock_,
                                  files_, RatioOf(provider, entry)});
}

StatusOr<std::unique_ptr<TokenCounter>> ProviderRegistry::MakeTokenCounter(
    const ProviderConfig& provider, std::string_view model) {
  ASSIGN_OR_RETURN(const ModelEntry entry, FindModel(provider, model));
  return drift::MakeTokenCounter(entry, files_, RatioOf(provider, entry));
}

std::shared_ptr<TokenRatio> ProviderRegistry::RatioOf(const ProviderConfig& provider,
                                                      const ModelEntry& entry) const {
  if (entry.tokenizer != TokenizerKind::kEstimate || provider.type == "shadow") return nullptr;
  return ratios_->Of(provider.name + "/" + entry.name);
}

std::shared_ptr<TokenRatio> ProviderRegistry::FindRatio(const ProviderConfig& provider,
                                                        std::string_view model) const {
  const auto entry = FindModel(provider, model);
  return entry.ok() ? RatioOf(provider, *entry) : nullptr;
}

}  // namespace drift
