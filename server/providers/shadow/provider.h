// shadow/<dimensions>: unit vectors made of the text alone (vectors.h), at cost 0, for trying out,
// measuring and testing a pipeline.
#pragma once

#include <memory>
#include <string_view>

#include "providers/provider.h"

namespace drift::shadow {

// What the catalogue would say of shadow/<name>; such models stand in no file.
// kNotFound (MODEL_NOT_FOUND): `name` is no number of dimensions.
StatusOr<ModelEntry> FindModel(std::string_view name);

Status Check(const ProviderConfig& config);
StatusOr<std::unique_ptr<Embedder>> Make(const ProviderParts& parts);

}  // namespace drift::shadow
