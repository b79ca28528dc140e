// openai/<model>, and any server that speaks the same protocol; azure/<model>.
#pragma once

#include <memory>

#include "providers/http_embedder.h"
#include "providers/openai/config.h"
#include "providers/provider.h"

namespace drift::openai {

// `dimensions` 0: not asked for, because they are the model's own.
std::unique_ptr<Protocol> MakeProtocol(const Settings& settings, std::string_view model,
                                       int32_t dimensions);
std::unique_ptr<Protocol> MakeAzureProtocol(const AzureSettings& settings, std::string_view model,
                                            int32_t dimensions);

// kUnauthenticated: the key is named but not there. kInvalidArgument: see config.h.
StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts);
StatusOr<std::unique_ptr<Embedder>> MakeAzure(const ProviderParts& parts);

}  // namespace drift::openai
