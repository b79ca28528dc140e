#include "core/catalogue.h"

#include <algorithm>
#include <set>

#include "base/suggest.h"
#include "core/reasons.h"

namespace drift {
namespace {

constexpr std::string_view kEveryModel = "*";

std::string Joined(const std::vector<int32_t>& numbers) {
  std::string out;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) out += i + 1 < numbers.size() ? ", " : " or ";
    out += std::to_string(numbers[i]);
  }
  return out;
}

}  // namespace

std::vector<std::string> ProviderNames(std::span<const ProviderConfig> configured,
                                       std::span<const ProviderConfig> well_known) {
  std::set<std::string> names;
  for (const auto list : {configured, well_known}) {
    for (const ProviderConfig& provider : list) names.insert(provider.name);
  }
  return {names.begin(), names.end()};
}

bool DimensionRule::Allows(int32_t dimensions) const {
  if (dimensions == standard) return true;
  if (max > 0 && dimensions >= std::max(min, 1) && dimensions <= max) return true;
  return std::find(choices.begin(), choices.end(), dimensions) != choices.end();
}

std::string DimensionRule::ToString() const {
  if (max > 0) return fmt::format("{} to {}", std::max(min, 1), max);
  std::vector<int32_t> all = choices;
  all.push_back(standard);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return Joined(all);
}

void ModelCatalogue::Add(ModelEntry entry) {
  for (ModelEntry& known : entries_) {
    if (known.provider == entry.provider && known.name == entry.name) {
      known = std::move(entry);
      return;
    }
  }
  entries_.push_back(std::move(entry));
}

const ModelEntry* ModelCatalogue::Lookup(std::string_view provider, std::string_view model) const {
  for (const ModelEntry& entry : entries_) {
    if (entry.provider == provider && entry.name == model) return &entry;
  }
  return nullptr;
}

StatusOr<ModelEntry> ModelCatalogue::Find(const ProviderConfig& provider,
                                          std::string_view model) const {
  const ModelEntry* entry = Lookup(provider.name, model);
  if (entry == nullptr) entry = Lookup(provider.type, model);
  if (entry != nullptr) return *entry;

  std::vector<std::string> known;
  for (const ModelEntry& other : entries_) {
    if (other.provider == provider.name || other.provider == provider.type) {
      known.push_back(other.name);
    }
  }
  const Status status = NotFound("model '{}/{}' is not in the model catalogue{}", provider.name,
                                 model, DidYouMean(model, known));
  return WithRemedy(WithReason(status, reason::kModelNotFound),
                    "add it, with its dimensions, to the file that catalogue.models names, and its "
                    "price to the one that catalogue.prices names");
}

void PriceBook::Add(Price price) {
  for (Price& known : prices_) {
    if (known.provider == price.provider && known.model == price.model &&
        known.since == price.since) {
      known = std::move(price);
      return;
    }
  }
  prices_.push_back(std::move(price));
}

const Price* PriceBook::Lookup(std::string_view provider, std::string_view model,
                               WallTime at) const {
  const Price* best = nullptr;
  for (const Price& price : prices_) {
    if (price.provider != provider || price.model != model || price.since > at) continue;
    if (best == nullptr || price.since > best->since) best = &price;
  }
  return best;
}

StatusOr<Price> PriceBook::Find(const ProviderConfig& provider, std::string_view model,
                                WallTime at) const {
  for (const std::string& who : {provider.name, provider.type}) {
    for (const std::string_view name : {model, kEveryModel}) {
      if (const Price* price = Lookup(who, name, at)) return *price;
    }
  }
  return WithRemedy(
      NotFound("no price is known for model '{}/{}'", provider.name, model),
      "add its price (0 if it costs nothing) to the file that catalogue.prices names");
}

NanoUsd CostOf(int64_t tokens, int64_t nano_usd_per_million_tokens) {
  constexpr __int128 kMillion = 1'000'000;
  const __int128 product = static_cast<__int128>(tokens) * nano_usd_per_million_tokens;
  return static_cast<NanoUsd>((product + kMillion - 1) / kMillion);
}

}  // namespace drift
