#include "providers/sent_texts.h"

#include <algorithm>

namespace drift {

void SentTexts::Reject(size_t i, Status why) {
  rejected.push_back({positions[i], std::move(why)});
  const auto at = static_cast<std::ptrdiff_t>(i);
  texts.erase(texts.begin() + at);
  positions.erase(positions.begin() + at);
}

SentTexts PrepareTexts(std::span<const std::string> texts, std::string_view prefix) {
  SentTexts out;
  out.total = texts.size();
  out.texts.reserve(texts.size());
  out.positions.reserve(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty()) {
      out.rejected.push_back({i, InvalidArgument("the text is empty")});
      continue;
    }
    out.texts.push_back(std::string(prefix) + texts[i]);
    out.positions.push_back(i);
  }
  return out;
}

Embeddings Assemble(SentTexts sent, std::vector<Vector> vectors) {
  Embeddings out;
  out.vectors.resize(sent.total);
  for (size_t i = 0; i < vectors.size(); ++i)
    out.vectors[sent.positions[i]] = std::move(vectors[i]);
  out.rejected = std::move(sent.rejected);
  std::sort(out.rejected.begin(), out.rejected.end(),
            [](const ItemError& a, const ItemError& b) { return a.index < b.index; });
  return out;
}

}  // namespace drift
