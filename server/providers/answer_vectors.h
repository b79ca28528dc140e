// The vectors of one answer, checked while they are put in: what a provider sends is not trusted.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/types.h"

namespace drift {

// All vectors lie in one block, which the Vectors taken from it share. One thread at a time.
class AnswerVectors {
 public:
  AnswerVectors(size_t count, size_t dimensions);

  // The vector of text `index`, made a unit vector. kAborted BAD_ANSWER: there is no such text, it
  // has its vector already, or the vector has the wrong dimension, a number that is not finite, or
  // no direction. The message says "vector 2 ...".
  Status Put(size_t index, std::span<const float> values);
  // The same, as little-endian 32-bit floats.
  Status PutBytes(size_t index, std::string_view bytes);

  // kAborted BAD_ANSWER: another number of vectors than of texts.
  Status CheckCount(size_t vectors) const;

  // The vectors in the order of their index. kAborted BAD_ANSWER: some are missing.
  StatusOr<std::vector<Vector>> Take() &&;

 private:
  Status Check(size_t index, size_t dimensions) const;
  Status Normalise(size_t index);

  const size_t count_;
  const size_t dimensions_;
  std::shared_ptr<float[]> block_;
  std::vector<bool> there_;
};

// kAborted with reason BAD_ANSWER.
Status BadAnswer(std::string_view message);

}  // namespace drift
