#include <algorithm>

#include "base/suggest.h"
#include "base/uri.h"
#include "config/pipeline.h"
#include "config/sections.h"

namespace drift {

const ProviderConfig* FindProvider(const std::vector<ProviderConfig>& configured,
                                   const ConfigChecks& checks, std::string_view name) {
  for (const auto* providers : {&configured, &checks.well_known_providers}) {
    for (const ProviderConfig& provider : *providers) {
      if (provider.name == name) return &provider;
    }
  }
  return nullptr;
}

namespace config_internal {
namespace {

void ReadApiKey(const YamlValue& value, ProviderConfig& provider) {
  std::string reference;
  if (!value.Read(reference)) return;
  const Status status = CheckSecretRef(reference);
  if (!status.ok()) return value.Problem(Message(status));
  provider.api_key = SecretRef{reference};
}

void ReadBaseUrl(const YamlValue& value, ProviderConfig& provider) {
  std::string url;
  if (!value.Read(url)) return;
  const auto parsed = ParseUri(url);
  if (!parsed.ok() || (parsed->scheme != "http" && parsed->scheme != "https") ||
      parsed->host.empty()) {
    return value.Problem("must be an http:// or https:// address");
  }
  const Status secrets = CheckNoPlainSecrets(url);
  if (!secrets.ok()) return value.Problem("the address holds a secret; name it in api_key instead");
  provider.base_url = url;
}

// What the entry has beyond the common keys. Types and their options are known to the registry.
void ReadOptions(YamlMap& map, const std::vector<std::string>& known, ProviderConfig& provider) {
  std::vector<std::string> keys = {"type", "api_key", "base_url", "fallback"};
  keys.insert(keys.end(), known.begin(), known.end());
  map.RefuseOthers(keys);
  for (const std::string& option : known) map[option].Read(provider.options[option]);
  std::erase_if(provider.options, [](const auto& option) { return option.second.empty(); });
}

void ReadProvider(const std::string& name, const YamlValue& value, const ConfigChecks& checks,
                  std::vector<ProviderConfig>& providers) {
  ProviderConfig provider{.name = name};
  YamlMap map = value.Map();
  if (name.empty() || name.find('/') != std::string::npos) {
    value.Problem(
        fmt::format("'{}' cannot be a provider's name: it stands before the slash of a "
                    "model",
                    name));
    return;
  }
  // An entry named like a well-known provider changes that one.
  const ProviderConfig* well_known = FindProvider({}, checks, name);
  if (well_known != nullptr) provider = *well_known;
  const YamlValue type = map["type"];
  type.Read(provider.type);
  if (provider.type.empty() && !type.exists()) type.Problem("is missing");
  ReadApiKey(map["api_key"], provider);
  ReadBaseUrl(map["base_url"], provider);
  map["fallback"].Read(provider.fallback);

  const auto known = checks.provider_types.find(provider.type);
  if (known == checks.provider_types.end()) {
    std::vector<std::string> types;
    for (const auto& [known_type, options] : checks.provider_types) types.push_back(known_type);
    if (!provider.type.empty()) {
      type.Problem(
          fmt::format("unknown type '{}'{}", provider.type, DidYouMean(provider.type, types)));
    }
    return;
  }
  ReadOptions(map, known->second, provider);
  if (checks.check_provider) {
    const Status status = checks.check_provider(provider);
    if (!status.ok()) value.Problem(Message(status));
  }
  providers.push_back(std::move(provider));
}

// After all entries were read: they may name one another in any order.
void CheckFallbacks(const std::string& name, const YamlValue& entry, const ConfigChecks& checks,
                    const std::vector<ProviderConfig>& providers) {
  const ProviderConfig* provider = FindProvider(providers, checks, name);
  if (provider == nullptr) return;
  for (size_t i = 0; i < provider->fallback.size(); ++i) {
    const std::string& other = provider->fallback[i];
    const YamlValue place = entry.At(fmt::format("fallback[{}]", i));
    if (other == name) {
      place.Problem("a provider cannot fall back to itself");
    } else if (FindProvider(providers, checks, other) == nullptr) {
      std::vector<std::string> known = ProviderNames(providers, checks.well_known_providers);
      std::erase(known, name);
      place.Problem(fmt::format("unknown provider '{}'{}", other, DidYouMean(other, known)));
    }
  }
}

}  // namespace

void ReadProviders(const YamlValue& value, const ConfigChecks& checks,
                   std::vector<ProviderConfig>& providers) {
  for (const auto& [name, entry] : value.Map().Entries()) {
    ReadProvider(name, entry, checks, providers);
  }
  for (const auto& [name, entry] : value.Map().Entries()) {
    CheckFallbacks(name, entry, checks, providers);
  }
}

}  // namespace config_internal
}  // namespace drift
