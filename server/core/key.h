// A row's identity: canonical keys and point ids. Both are part of the surface (docs/points.md):
// other people's scripts compute them too.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/uuid.h"
#include "core/value.h"

namespace drift {

// JSON array of the key columns' values, without white space: ["KB-0193"], [7,"eu"].
std::string CanonicalKey(std::span<const Value> cells);

// The canonical keys that what a person typed after --key may mean, likeliest first. Text that
// starts with '[' is JSON and means one key; anything else is the single key column's value, which
// may be a string or, if it reads as a number or boolean, that: `7` → ["7"], [7]. kInvalidArgument:
// starts with '[' and is not a JSON array of scalars.
StatusOr<std::vector<std::string>> KeyCandidates(std::string_view text);

// UUIDv5 of the project's namespace over pipeline name, 0x1F, canonical key, 0x1F, chunk in
// decimal.
Uuid PointId(std::string_view pipeline, std::string_view key, int32_t chunk);

}  // namespace drift
