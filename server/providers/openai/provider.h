// openai/<model>, and any server that speaks the same protocol.
#pragma once

#include <memory>

#include "providers/provider.h"

namespace drift::openai {

// kUnauthenticated: the key is named but not there. kInvalidArgument: see ReadSettings().
StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts);

}  // namespace drift::openai
