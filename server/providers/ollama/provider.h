// ollama/<model>: an Ollama server's own interface (its /v1 is type openai).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "providers/http_embedder.h"

namespace drift::ollama {

struct Settings {
  HttpSettings http;
  std::string keep_alive;      // how long the model stays loaded, "10m"; empty: the server's own
  int64_t context_tokens = 0;  // num_ctx; 0: the model's own
};

// NetworkOptions(), keep_alive, context_tokens.
const std::vector<std::string>& Options();
// Named ollama, at http://127.0.0.1:11434, without a key.
ProviderConfig WellKnown();
// kInvalidArgument says what is wrong with which option.
StatusOr<Settings> ReadSettings(const ProviderConfig& config);
Status Check(const ProviderConfig& config);

// `dimensions` 0: not asked for.
std::unique_ptr<Protocol> MakeProtocol(const Settings& settings, const ModelEntry& entry,
                                       int32_t dimensions);
StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts);

}  // namespace drift::ollama
