// local/<model>: models that run inside the process. No key, no server, cost 0.
#pragma once

#include <memory>

#include "providers/provider.h"

namespace drift::local {

// Options a user may give: max_concurrency (texts embedded at the same time; the machine's cores).
const std::vector<std::string>& Options();
Status Check(const ProviderConfig& config);

// Opens the model's files. kFailedPrecondition (MODEL_NOT_INSTALLED) with the remedy: they or ONNX
// Runtime are not there. kDataLoss: a file is not what it should be. The fingerprint is the model's
// name and the first 16 hex digits of the SHA-256 of its weights.
StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts);

}  // namespace drift::local
