// Cells of Arrow columns as core values.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/value.h"
#include "sources/delta/arrow_abi.h"
#include "sources/delta/arrow_type.h"

namespace drift::delta {

// The cell `row` of `column` (counted from the array's own offset). Integers of every width become
// int64_t; timestamps microseconds, rounded down; lists, structs and maps JSON text: a map is an
// object whose names are its keys as text, everything in it as AppendJson() writes it.
// REQUIRES: `type` was parsed from the column's schema; 0 <= row < column.length.
Value ReadValue(const ArrowType& type, const ArrowArray& column, int64_t row);

// The same as JSON, appended; NULL is "null".
void AppendArrowJson(std::string& out, const ArrowType& type, const ArrowArray& column,
                     int64_t row);

// Of a text column, without copying: valid while the array lives; empty for NULL.
// REQUIRES: type.kind is kString or kLargeString.
std::string_view ReadText(const ArrowType& type, const ArrowArray& column, int64_t row);

bool IsNullAt(const ArrowType& type, const ArrowArray& column, int64_t row);

}  // namespace drift::delta
