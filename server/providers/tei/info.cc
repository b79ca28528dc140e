#include "providers/tei/info.h"

#include <algorithm>

#include "net/json.h"
#include "providers/json_vectors.h"

namespace drift::tei {

StatusOr<Info> DecodeInfo(std::string_view body) {
  const auto document = JsonDocument::Parse(body);
  if (!document.ok() || !document->root().is_object()) {
    return BadAnswer("the answer to /info is no JSON object");
  }
  const auto count = [&](std::string_view name) {
    return FindCount(document->root(), {name}).value_or(0);
  };
  Info out;
  out.model_id = document->root().FindString("model_id");
  out.max_client_batch_size = count("max_client_batch_size");
  out.max_input_length = count("max_input_length");
  out.max_batch_tokens = count("max_batch_tokens");
  return out;
}

RequestLimits LimitsOf(const Info& info, RequestLimits catalogue) {
  RequestLimits out = catalogue;
  if (info.max_client_batch_size > 0) out.max_items = info.max_client_batch_size;
  for (const int64_t limit : {info.max_input_length, info.max_batch_tokens}) {
    if (limit <= 0) continue;
    out.max_item_tokens = out.max_item_tokens > 0 ? std::min(out.max_item_tokens, limit) : limit;
  }
  return out;
}

}  // namespace drift::tei
