// Equality of payload columns with texts as people write them.
#pragma once

#include <string_view>

#include "core/sink.h"
#include "core/types.h"

namespace drift {

// "7" equals the integer 7, the float 7.0 and the text "7"; "true" the boolean and the text. NULL
// and nested values equal nothing.
bool EqualsText(const Value& value, std::string_view text);

// Whether all of the filter's columns are there and equal.
bool Matches(const Payload& payload, const SearchFilter& filter);

}  // namespace drift
