// Conditions in Qdrant's terms. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "core/sink.h"
#include "qdrant_points.pb.h"

namespace drift::qdrant {

namespace pb = ::qdrant;

// Where Drift's own fields lie in a point's payload.
inline constexpr std::string_view kDriftField = "drift";
inline constexpr std::string_view kTextField = "text";
inline constexpr char kSourceField[] = "drift.source";
inline constexpr char kKeyField[] = "drift.key";
inline constexpr char kRevisionField[] = "drift.revision";
inline constexpr char kVersionField[] = "drift.source_version";

struct GuardedId {
  Uuid id;
  Guard guard;
};

// True for a stored point that may be replaced by, or deleted on behalf of, the one of `ids` with
// its id. Each guard stands once in the filter, however many ids carry it. REQUIRES: ids ascending
// by guard, each id once.
void SetGuard(std::span<const GuardedId> ids, pb::Filter& filter);

// One of `ids`.
void AddIds(std::span<const GuardedId> ids, pb::Filter& filter);

void AddSource(const std::string& source, pb::Filter& filter);

// revision < `below`.
void AddRevisionBelow(int32_t below, pb::Filter& filter);

// Payload columns equal to texts as people write them: "7" finds the number and the text.
// kInvalidArgument: the column's name cannot be written in a filter.
Status AddSearchFilter(const SearchFilter& wanted, pb::Filter& filter);

}  // namespace drift::qdrant
