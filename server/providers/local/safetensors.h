// Reading the safetensors format: 8 bytes little-endian length of a JSON header, the header (name →
// dtype, shape, data_offsets into what follows), the numbers.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace drift::local {

struct Matrix {
  size_t rows = 0;
  size_t columns = 0;
  std::vector<float> values;  // row by row
};

// The one two-dimensional tensor of type F16 or F32 that `file` holds. kDataLoss: it is damaged, or
// holds something else; the message says what.
StatusOr<Matrix> ReadMatrix(std::string_view file);

// IEEE half precision.
float HalfToFloat(uint16_t half);

}  // namespace drift::local
