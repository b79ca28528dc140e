// Rows of values as Arrow arrays, for writing.
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "core/value.h"
#include "sources/delta/arrow_abi.h"

namespace drift::delta {

struct DeltaColumn {
  std::string name;
  std::string type;  // "string", "long", "integer", "short", "byte", "float", "double", "boolean",
                     // "date", "timestamp", "timestamp_ntz", "binary", "decimal(10,2)"
  bool nullable = true;
};

struct ArrowRows {
  OwnedSchema schema;
  OwnedArray rows;  // a struct array that owns copies of the values
};

// kInvalidArgument names row and column: a value of another type, one that does not fit, a row of
// another length, an unknown type.
StatusOr<ArrowRows> ToArrow(std::span<const DeltaColumn> columns, std::span<const Row> rows);

}  // namespace drift::delta
