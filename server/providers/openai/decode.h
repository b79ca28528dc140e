// Answers in OpenAI's protocol.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/types.h"

namespace drift::openai {

struct Answer {
  std::vector<Vector> vectors;  // in the order of the texts, unit length
  std::optional<int64_t> billed_tokens;
};

// The body of a 200 to a request of `count` texts: vectors as base64 or as numbers, in any order.
// kAborted (BAD_ANSWER): not JSON, or a vector is missing, twice there, of another dimension, not
// finite or without length.
StatusOr<Answer> DecodeAnswer(std::string_view body, size_t count, size_t dimensions);

}  // namespace drift::openai
