#include "providers/answer_vectors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/reasons.h"

namespace drift {
namespace {

static_assert(std::endian::native == std::endian::little);

// A vector that is a unit vector but for rounding is left as the provider sent it.
constexpr double kUnitTolerance = 1e-6;

}  // namespace

Status BadAnswer(std::string_view message) {
  return WithReason(MakeStatus(StatusCode::kAborted, message), reason::kBadAnswer);
}

AnswerVectors::AnswerVectors(size_t count, size_t dimensions)
    : count_(count),
      dimensions_(dimensions),
      block_(std::make_shared_for_overwrite<float[]>(count * dimensions)),
      there_(count) {}

Status AnswerVectors::Check(size_t index, size_t dimensions) const {
  if (index >= count_) return BadAnswer(fmt::format("vector {} for {} texts", index, count_));
  if (there_[index]) return BadAnswer(fmt::format("vector {} comes twice", index));
  if (dimensions != dimensions_) {
    return BadAnswer(fmt::format("vector {} has {} dimensions where {} are expected", index,
                                 dimensions, dimensions_));
  }
  return OkStatus();
}

Status AnswerVectors::Put(size_t index, std::span<const float> values) {
  RETURN_IF_ERROR(Check(index, values.size()));
  std::copy(values.begin(), values.end(), block_.get() + index * dimensions_);
  return Normalise(index);
}

Status AnswerVectors::PutBytes(size_t index, std::string_view bytes) {
  if (bytes.size() % sizeof(float) != 0) {
    return BadAnswer(fmt::format("vector {} has {} bytes", index, bytes.size()));
  }
  RETURN_IF_ERROR(Check(index, bytes.size() / sizeof(float)));
  std::memcpy(block_.get() + index * dimensions_, bytes.data(), bytes.size());
  return Normalise(index);
}

Status AnswerVectors::Normalise(size_t index) {
  const std::span<float> values(block_.get() + index * dimensions_, dimensions_);
  double squares = 0;  // infinite or NaN if any of the values is
  for (const float x : values) squares += static_cast<double>(x) * x;
  if (!std::isfinite(squares)) {
    return BadAnswer(fmt::format("vector {} holds a number that is not finite", index));
  }
  const double norm = std::sqrt(squares);
  // Below the smallest normal float the direction is lost to rounding.
  if (norm < std::numeric_limits<float>::min()) {
    return BadAnswer(fmt::format("vector {} has length 0", index));
  }
  if (std::abs(norm - 1) > kUnitTolerance) {
    for (float& x : values) x = static_cast<float>(x / norm);
  }
  there_[index] = true;
  return OkStatus();
}

Status AnswerVectors::CheckCount(size_t vectors) const {
  if (vectors == count_) return OkStatus();
  return BadAnswer(fmt::format("{} vectors for {} texts", vectors, count_));
}

StatusOr<std::vector<Vector>> AnswerVectors::Take() && {
  const auto there = std::count(there_.begin(), there_.end(), true);
  RETURN_IF_ERROR(CheckCount(static_cast<size_t>(there)));
  std::vector<Vector> out;
  out.reserve(count_);
  for (size_t i = 0; i < count_; ++i) {
    const float* start = block_.get() + i * dimensions_;
    out.emplace_back(std::shared_ptr<const float>(block_, start), dimensions_);
  }
  return out;
}

}  // namespace drift
