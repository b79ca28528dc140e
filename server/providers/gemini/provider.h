// gemini/<model>: Google's Gemini API.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "providers/http_embedder.h"

namespace drift::gemini {

// NetworkOptions() and no more.
const std::vector<std::string>& Options();
// Named gemini, key in GEMINI_API_KEY.
ProviderConfig WellKnown();
// kInvalidArgument says what is wrong with which option.
StatusOr<HttpSettings> ReadSettings(const ProviderConfig& config);
Status Check(const ProviderConfig& config);

// `dimensions` 0: not asked for.
std::unique_ptr<Protocol> MakeProtocol(const HttpSettings& settings, const ModelEntry& entry,
                                       int32_t dimensions);
StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts);

}  // namespace drift::gemini
