#include "providers/local/static_model.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace drift::local {
namespace {

// Rows summed up in float before the sum goes to double: quick, and as exact for a book as for a
// line.
constexpr size_t kBlock = 64;

}  // namespace

Status StaticModel::Embed(std::span<const uint32_t> ids, std::span<float> out) const {
  if (ids.empty()) return InvalidArgument("the text has no tokens");
  const size_t width = table_.columns;
  std::vector<double> total(width);
  std::vector<float> block(width);
  while (!ids.empty()) {
    const size_t take = std::min(kBlock, ids.size());
    std::fill(block.begin(), block.end(), 0.0f);
    for (const uint32_t id : ids.first(take)) {
      if (id >= table_.rows) return Internal("token {} is beyond the model's {}", id, table_.rows);
      const float* row = &table_.values[id * width];
      for (size_t i = 0; i < width; ++i) block[i] += row[i];
    }
    for (size_t i = 0; i < width; ++i) total[i] += static_cast<double>(block[i]);
    ids = ids.subspan(take);
  }
  double squares = 0;
  for (const double x : total) squares += x * x;
  const double norm = std::sqrt(squares);
  if (!(norm > 0) || !std::isfinite(norm)) return InvalidArgument("the text has no direction");
  // The mean's divisor is divided away again.
  for (size_t i = 0; i < width; ++i) out[i] = static_cast<float>(total[i] / norm);
  return OkStatus();
}

}  // namespace drift::local
