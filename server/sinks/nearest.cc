#include "sinks/nearest.h"

#include <cmath>
#include <cstring>

namespace drift {
namespace {

// Sums in this many lanes: without leave to reorder a sum the compiler would add one float at a
// time.
constexpr size_t kLanes = 16;

struct Sums {
  float dot = 0;
  float square = 0;
};

Sums Sum(const float* query, const char* vector, size_t size) {
  float dot[kLanes] = {};
  float square[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    float values[kLanes];
    std::memcpy(values, vector + i * sizeof(float), sizeof(values));
    for (size_t lane = 0; lane < kLanes; ++lane) {
      dot[lane] += query[i + lane] * values[lane];
      square[lane] += values[lane] * values[lane];
    }
  }
  Sums out;
  for (; i < size; ++i) {
    float value;
    std::memcpy(&value, vector + i * sizeof(float), sizeof(value));
    out.dot += query[i] * value;
    out.square += value * value;
  }
  for (size_t lane = 0; lane < kLanes; ++lane) {
    out.dot += dot[lane];
    out.square += square[lane];
  }
  return out;
}

}  // namespace

CosineTo::CosineTo(std::span<const float> query) : query_(query.begin(), query.end()) {
  const float square =
      Sum(query_.data(), reinterpret_cast<const char*>(query_.data()), query_.size()).square;
  if (square == 0) return;
  for (float& value : query_) value /= std::sqrt(square);
}

float CosineTo::operator()(const void* vector) const {
  const Sums sums = Sum(query_.data(), static_cast<const char*>(vector), query_.size());
  return sums.square == 0 ? 0 : sums.dot / std::sqrt(sums.square);
}

}  // namespace drift
