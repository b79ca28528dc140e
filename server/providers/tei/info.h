// What a server of Text Embeddings Inference says of itself: GET /info.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "core/embedder.h"

namespace drift::tei {

struct Info {
  std::string model_id;
  int64_t max_client_batch_size = 0;  // 0: not said
  int64_t max_input_length = 0;
  int64_t max_batch_tokens = 0;
};

// kAborted (BAD_ANSWER): no JSON object.
StatusOr<Info> DecodeInfo(std::string_view body);

// `catalogue` with what the server says instead: texts of a request, tokens of a text. (Requests
// are cut into batches of max_batch_tokens by the server itself; only one text must fit.)
RequestLimits LimitsOf(const Info& info, RequestLimits catalogue);

}  // namespace drift::tei
