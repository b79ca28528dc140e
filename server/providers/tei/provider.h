// tei/<model>: a server of Hugging Face's Text Embeddings Inference, which serves one model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "providers/http_embedder.h"
#include "providers/tei/info.h"

namespace drift::tei {

struct Settings {
  HttpSettings http;
  std::string model_id;  // as the server calls the model; empty: as the catalogue does
};

// NetworkOptions(), model_id.
const std::vector<std::string>& Options();
// kInvalidArgument says what is wrong with which option.
StatusOr<Settings> ReadSettings(const ProviderConfig& config);
Status Check(const ProviderConfig& config);

// `dimensions` 0: not asked for.
std::unique_ptr<Protocol> MakeProtocol(const Settings& settings, const ModelEntry& entry,
                                       int32_t dimensions);
// An embedder that reads the server's /info before its first request and packs by what that says.
// kFailedPrecondition from Embed(): the server serves another model.
StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts);

}  // namespace drift::tei
