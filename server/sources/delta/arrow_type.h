// A column's type, compiled once from what the producer says, so that cells are read by a switch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sources/delta/arrow_abi.h"

namespace drift::delta {

enum class ArrowKind : uint8_t {
  kNull,
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFloat,
  kDouble,
  kDecimal,      // 128 bits
  kDate,         // days
  kTimestamp,    // see units_per_second
  kBinary,       // 32-bit offsets
  kLargeBinary,  // 64-bit offsets
  kString,
  kLargeString,
  kList,  // one child; 32-bit offsets
  kLargeList,
  kStruct,
  kMap,  // one child, a struct of key and value
};

struct ArrowType {
  std::string name;
  ArrowKind kind = ArrowKind::kNull;
  int scale = 0;                 // kDecimal
  int64_t units_per_second = 0;  // kTimestamp
  bool utc = false;              // kTimestamp
  std::vector<ArrowType> children;
};

// kUnimplemented names the column and the format: a type no Delta table has as of this release.
StatusOr<ArrowType> ParseArrowType(const ArrowSchema& schema);

}  // namespace drift::delta
