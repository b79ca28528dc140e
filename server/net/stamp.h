// The stamp of a collection as it is stored in every sink:
// {"model":"...","fingerprint":"...","dimensions":N,"metric":"cosine",
//  "sources":{"docs":{"ledger":"01J...","revision":1,"version":12}}}
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "core/sink.h"

namespace drift {

std::string StampToJson(const CollectionStamp& stamp);
// kInvalidArgument: not such a document.
StatusOr<CollectionStamp> StampFromJson(std::string_view text);

}  // namespace drift
