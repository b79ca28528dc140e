// A pipeline's specification as the JSON text that the ledger stores.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "core/spec.h"

namespace drift::ledger {

std::string SpecToJson(const PipelineSpec& spec);

// Members that are not there keep their defaults, unknown ones are passed over: what an older or a
// newer daemon wrote can be read. kDataLoss: no such document.
StatusOr<PipelineSpec> SpecFromJson(std::string_view text);

}  // namespace drift::ledger
