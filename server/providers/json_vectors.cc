#include "providers/json_vectors.h"

#include "base/encoding.h"

namespace drift {

Status PutVector(JsonView vector, size_t index, AnswerVectors& vectors) {
  if (!vector.is_string()) {
    ASSIGN_OR_RETURN(const std::vector<float> values, vector.Floats());
    return vectors.Put(index, values);
  }
  ASSIGN_OR_RETURN(const std::string_view text, vector.String());
  ASSIGN_OR_RETURN(const std::string bytes, Base64Decode(text));
  return vectors.PutBytes(index, bytes);
}

Status PutInOrder(JsonView list, AnswerVectors& vectors) {
  RETURN_IF_ERROR(list.CheckArray());
  RETURN_IF_ERROR(vectors.CheckCount(list.size()));
  for (size_t i = 0; i < list.size(); ++i) RETURN_IF_ERROR(PutVector(list[i], i, vectors));
  return OkStatus();
}

Status PutByIndex(JsonView list, AnswerVectors& vectors) {
  RETURN_IF_ERROR(list.CheckArray());
  RETURN_IF_ERROR(vectors.CheckCount(list.size()));
  for (size_t i = 0; i < list.size(); ++i) {
    ASSIGN_OR_RETURN(const int64_t index, list[i].GetInt("index"));
    if (index < 0) return BadAnswer(fmt::format("vector {}", index));
    ASSIGN_OR_RETURN(const JsonView embedding, list[i].Get("embedding"));
    RETURN_IF_ERROR(PutVector(embedding, static_cast<size_t>(index), vectors));
  }
  return OkStatus();
}

std::optional<int64_t> FindCount(JsonView root, std::initializer_list<std::string_view> path) {
  for (const std::string_view name : path) {
    const auto next = root.Find(name);
    if (!next) return std::nullopt;
    root = *next;
  }
  const auto count = root.Int();
  if (!count.ok() || *count < 0) return std::nullopt;
  return *count;
}

}  // namespace drift
