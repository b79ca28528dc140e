// A call's texts without those that no provider takes, and the way back.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/embedder.h"

namespace drift {

struct SentTexts {
  std::vector<std::string> texts;   // with the prefix
  std::vector<size_t> positions;    // of texts[i] in the call
  std::vector<ItemError> rejected;  // by position in the call
  size_t total = 0;

  // Takes texts[i] out: it is rejected with `why`.
  void Reject(size_t i, Status why);
};

// Rejects empty texts; puts `prefix` before the others.
SentTexts PrepareTexts(std::span<const std::string> texts, std::string_view prefix);

// The answer to the whole call. REQUIRES: vectors.size() == sent.texts.size().
Embeddings Assemble(SentTexts sent, std::vector<Vector> vectors);

}  // namespace drift
