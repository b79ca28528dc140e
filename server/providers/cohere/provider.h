// cohere/<model>: Cohere's v2 interface.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "providers/http_embedder.h"

namespace drift::cohere {

struct Settings {
  HttpSettings http;
  bool base64 = true;
};

// NetworkOptions(), encoding.
const std::vector<std::string>& Options();
// Named cohere, key in CO_API_KEY.
ProviderConfig WellKnown();
// kInvalidArgument says what is wrong with which option.
StatusOr<Settings> ReadSettings(const ProviderConfig& config);
Status Check(const ProviderConfig& config);

// `dimensions` 0: not asked for.
std::unique_ptr<Protocol> MakeProtocol(const Settings& settings, const ModelEntry& entry,
                                       int32_t dimensions);
StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts);

}  // namespace drift::cohere
