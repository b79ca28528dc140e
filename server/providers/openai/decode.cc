#include "providers/openai/decode.h"

#include "base/encoding.h"
#include "net/json.h"
#include "providers/answer_vectors.h"

namespace drift::openai {
namespace {

Status PutVector(JsonView item, AnswerVectors& vectors) {
  ASSIGN_OR_RETURN(const int64_t index, item.GetInt("index"));
  if (index < 0) return BadAnswer(fmt::format("vector {}", index));
  ASSIGN_OR_RETURN(const JsonView embedding, item.Get("embedding"));
  if (!embedding.is_string()) {
    ASSIGN_OR_RETURN(const std::vector<float> values, embedding.Floats());
    return vectors.Put(static_cast<size_t>(index), values);
  }
  ASSIGN_OR_RETURN(const std::string_view text, embedding.String());
  ASSIGN_OR_RETURN(const std::string bytes, Base64Decode(text));
  return vectors.PutBytes(static_cast<size_t>(index), bytes);
}

StatusOr<Answer> Decode(std::string_view body, size_t count, size_t dimensions) {
  ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(body));
  ASSIGN_OR_RETURN(const JsonView data, document.root().Get("data"));
  RETURN_IF_ERROR(data.CheckArray());
  if (data.size() != count) {
    return BadAnswer(fmt::format("{} vectors for {} texts", data.size(), count));
  }
  AnswerVectors vectors(count, dimensions);
  for (size_t i = 0; i < data.size(); ++i) RETURN_IF_ERROR(PutVector(data[i], vectors));
  Answer answer;
  ASSIGN_OR_RETURN(answer.vectors, std::move(vectors).Take());
  // Servers that are not OpenAI may leave it out.
  if (const auto usage = document.root().Find("usage")) {
    const auto tokens = usage->GetInt("total_tokens");
    if (tokens.ok() && *tokens >= 0) answer.billed_tokens = *tokens;
  }
  return answer;
}

}  // namespace

StatusOr<Answer> DecodeAnswer(std::string_view body, size_t count, size_t dimensions) {
  auto answer = Decode(body, count, dimensions);
  if (!answer.ok()) {
    return BadAnswer(fmt::format("the answer cannot be used: {}", Message(answer.status())));
  }
  return answer;
}

}  // namespace drift::openai
