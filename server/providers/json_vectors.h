// Vectors in the JSON of answers, in the forms several protocols share.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "net/json.h"
#include "providers/answer_vectors.h"

namespace drift {

// The vector of text `index`: a list of numbers, or little-endian 32-bit floats in base64.
Status PutVector(JsonView vector, size_t index, AnswerVectors& vectors);

// [vector, ...] in the order of the texts; as many as texts.
Status PutInOrder(JsonView list, AnswerVectors& vectors);

// [{"index": 0, "embedding": vector}, ...] in any order; as many as texts.
Status PutByIndex(JsonView list, AnswerVectors& vectors);

// The number at `path` below `root`, if it is there and not negative: not every server says what it
// billed.
std::optional<int64_t> FindCount(JsonView root, std::initializer_list<std::string_view> path);

}  // namespace drift
