// Keys and payloads as the SQL sinks store them: JSON, which a database may have rewritten (members
// in another order, numbers with other digits, more white space).
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "core/types.h"

namespace drift {

// {"name":value,...} as columns in the order of their names. What JSON has no type for (decimals,
// dates, times, binary) comes back as the text it was stored as, what is nested as Json.
// kInvalidArgument: not an object.
StatusOr<Payload> PayloadFromJson(std::string_view text);

// The canonical form of a key (core/key.h). Text that is no array comes back as it is.
std::string CanonicalKeyFromJson(std::string_view text);

}  // namespace drift
