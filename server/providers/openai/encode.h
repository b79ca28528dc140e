// Requests in OpenAI's protocol.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace drift::openai {

struct EmbedRequest {
  std::span<const std::string> texts;
  std::string_view model;
  int32_t dimensions = 0;  // 0: not asked for; models that cannot choose refuse the field
  bool base64 = true;
};

// The body of POST /embeddings.
std::string EncodeRequest(const EmbedRequest& request);

}  // namespace drift::openai
