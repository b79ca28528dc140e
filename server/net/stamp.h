// The stamp of a collection as it is stored in every sink:
// {"model":"...","fingerprint":"...","dimensions":N,"metric":"cosine",
//  "sources":{"docs":{"ledger":"01J...","revision":1}}}
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "core/sink.h"

namespace drift {

std::string StampToJson(const CollectionStamp& stamp);
// kInvalidArgument: not such a document.
StatusOr<CollectionStamp> StampFromJson(std::string_view text);

// OK if points of `wanted` may lie in a collection stamped and shaped as `found`; else
// kFailedPrecondition COLLECTION_DIFFERS naming `collection` and what differs, both sides.
Status CheckCompatible(std::string_view collection, const CollectionInfo& found,
                       const CollectionStamp& wanted);

}  // namespace drift
