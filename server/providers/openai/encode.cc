#include "providers/openai/encode.h"

#include "base/json_text.h"
#include "providers/http_embedder.h"

namespace drift::openai {

std::string EncodeRequest(const EmbedRequest& request) {
  std::string out;
  out.reserve(BodySize(request.texts));
  out += "{\"input\":[";
  AppendTexts(out, request.texts);
  out += "],\"model\":";
  AppendJsonString(out, request.model);
  out += fmt::format(",\"encoding_format\":\"{}\"", request.base64 ? "base64" : "float");
  if (request.dimensions > 0) out += fmt::format(",\"dimensions\":{}", request.dimensions);
  out += '}';
  return out;
}

}  // namespace drift::openai
