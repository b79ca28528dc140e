#include "app_models.h"

#include <algorithm>

#include "base/time_text.h"

namespace drift {
namespace {

constexpr double kNanosPerUsd = 1e9;
constexpr size_t kDayLength = std::string_view("2026-01-31").size();

// A configured provider takes the place of the well-known one of its name.
std::vector<ProviderConfig> ProvidersOf(const ModelSet& set) {
  std::vector<ProviderConfig> out = set.configured;
  for (const ProviderConfig& provider : set.well_known) {
    const bool taken = std::any_of(out.begin(), out.end(), [&](const ProviderConfig& other) {
      return other.name == provider.name;
    });
    if (!taken) out.push_back(provider);
  }
  return out;
}

v1::Model Describe(const ModelEntry& entry, const ProviderConfig& provider) {
  v1::Model out;
  out.set_model(provider.name + "/" + entry.name);
  out.set_type(provider.type);
  out.set_dimensions(entry.dimensions.standard);
  for (const int32_t other : entry.dimensions.choices) out.add_other_dimensions(other);
  out.set_dimensions_min(entry.dimensions.min);
  out.set_dimensions_max(entry.dimensions.max);
  out.set_max_text_tokens(entry.request.max_item_tokens);
  out.set_max_request_items(entry.request.max_items);
  out.set_max_request_tokens(entry.request.max_tokens);
  out.set_requests_per_minute(entry.rate.requests_per_minute);
  out.set_tokens_per_minute(entry.rate.tokens_per_minute);
  out.set_texts_per_minute(entry.rate.items_per_minute);
  out.set_tokens_exact(entry.tokenizer != TokenizerKind::kEstimate);
  out.set_local(entry.local.has_value());
  return out;
}

void AddPrice(const StatusOr<Price>& price, v1::Model& out) {
  out.set_price_known(price.ok());
  if (!price.ok()) return;
  out.set_usd_per_million_tokens(static_cast<double>(price->nano_usd_per_million_tokens) /
                                 kNanosPerUsd);
  // A price that has always held needs no day.
  if (price->since > WallTime())
    out.set_price_since(FormatTime(price->since).substr(0, kDayLength));
}

v1::Model DescribeAt(const ProviderConfig& provider, const ModelEntry& entry, ModelSet& set,
                     Clock& clock) {
  v1::Model out = Describe(entry, provider);
  AddPrice(set.catalogue.prices.Find(provider, entry.name, clock.Now()), out);
  const auto info = set.registry.DescribeModel(provider, entry.name, 0);
  if (info.ok()) {
    out.set_requests_per_minute(info->rate.requests_per_minute);
    out.set_tokens_per_minute(info->rate.tokens_per_minute);
    out.set_texts_per_minute(info->rate.items_per_minute);
  }
  const Status ready = set.registry.CheckReady(provider, entry.name);
  if (!ready.ok()) out.set_unavailable(std::string(Message(ready)));
  return out;
}

// A model whose provider has to be named before it can be used, as those of Azure.
v1::Model DescribeAlone(const ModelEntry& entry, const ModelSet& set, Clock& clock) {
  const ProviderConfig provider{.name = entry.provider, .type = entry.provider};
  v1::Model out = Describe(entry, provider);
  AddPrice(set.catalogue.prices.Find(provider, entry.name, clock.Now()), out);
  out.set_unavailable(fmt::format("no provider '{}' is configured", entry.provider));
  return out;
}

}  // namespace

std::vector<v1::Model> DescribeModels(ModelSet& set, Clock& clock) {
  std::vector<v1::Model> out;
  const std::vector<ProviderConfig> providers = ProvidersOf(set);
  for (const ModelEntry& entry : set.catalogue.models.entries()) {
    bool served = false;
    for (const ProviderConfig& provider : providers) {
      if (entry.provider != provider.name && entry.provider != provider.type) continue;
      served = true;
      // An entry of the provider's name goes before one of its type.
      const auto found = set.catalogue.models.Find(provider, entry.name);
      if (!found.ok() || found->provider != entry.provider) continue;
      out.push_back(DescribeAt(provider, entry, set, clock));
    }
    if (!served) out.push_back(DescribeAlone(entry, set, clock));
  }
  std::sort(out.begin(), out.end(),
            [](const v1::Model& a, const v1::Model& b) { return a.model() < b.model(); });
  return out;
}

}  // namespace drift
