#include "providers/openai/encode.h"

#include <fmt/core.h>

#include "base/json_text.h"

namespace drift::openai {

std::string EncodeRequest(const EmbedRequest& request) {
  size_t size = 128;
  for (const std::string& text : request.texts) size += text.size() + text.size() / 16 + 3;
  std::string out;
  out.reserve(size);
  out += "{\"input\":[";
  for (size_t i = 0; i < request.texts.size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonString(out, request.texts[i]);
  }
  out += "],\"model\":";
  AppendJsonString(out, request.model);
  out += fmt::format(",\"encoding_format\":\"{}\"", request.base64 ? "base64" : "float");
  if (request.dimensions > 0) out += fmt::format(",\"dimensions\":{}", request.dimensions);
  out += '}';
  return out;
}

}  // namespace drift::openai
