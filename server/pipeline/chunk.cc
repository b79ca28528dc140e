#include "pipeline/chunk.h"

#include <algorithm>

#include "base/utf8.h"
#include "core/text_template.h"

namespace drift {
namespace {

// A stretch of the text that is not cut, with the tokens it counts for.
struct Piece {
  size_t begin = 0;
  size_t end = 0;
  int64_t tokens = 0;
};

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// A sentence ends behind . ! ? … or their wide forms when white space follows, and at a blank line.
bool EndsSentence(std::string_view text, size_t i) {
  constexpr std::string_view kNarrow = ".!?";
  if (text[i] == '\n' && i + 1 < text.size() && text[i + 1] == '\n') return true;
  if (kNarrow.find(text[i]) != std::string_view::npos) {
    return i + 1 == text.size() || IsSpace(text[i + 1]);
  }
  for (const std::string_view mark : {"\u3002", "\uFF01", "\uFF1F", "\u2026"}) {
    if (i + 1 >= mark.size() && text.substr(i + 1 - mark.size(), mark.size()) == mark) return true;
  }
  return false;
}

Piece Trimmed(std::string_view text, size_t begin, size_t end, TokenCounter& counter) {
  while (begin < end && IsSpace(text[begin])) ++begin;
  while (begin < end && IsSpace(text[end - 1])) --end;
  const int64_t tokens = begin < end ? counter.Measure(text.substr(begin, end - begin)) : 0;
  return {begin, end, tokens};
}

std::vector<Piece> Sentences(std::string_view text, TokenCounter& counter) {
  std::vector<Piece> out;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && !EndsSentence(text, i)) continue;
    const Piece piece = Trimmed(text, begin, i + 1, counter);
    if (piece.begin < piece.end) out.push_back(piece);
    begin = i + 1;
  }
  return out;
}

// Halves a word that is longer than a chunk may be, at code point boundaries.
void AddWord(std::string_view text, size_t begin, size_t end, int64_t limit, TokenCounter& counter,
             std::vector<Piece>& out) {
  const int64_t tokens = counter.Measure(text.substr(begin, end - begin));
  size_t middle = begin + (end - begin) / 2;
  while (middle > begin && (static_cast<uint8_t>(text[middle]) & 0xC0) == 0x80) --middle;
  if (tokens <= limit || middle == begin) {
    out.push_back({begin, end, tokens});
    return;
  }
  AddWord(text, begin, middle, limit, counter, out);
  AddWord(text, middle, end, limit, counter, out);
}

std::vector<Piece> Words(std::string_view text, size_t begin, size_t end, int64_t limit,
                         TokenCounter& counter) {
  std::vector<Piece> out;
  while (begin < end) {
    while (begin < end && IsSpace(text[begin])) ++begin;
    size_t stop = begin;
    while (stop < end && !IsSpace(text[stop])) ++stop;
    if (begin < stop) AddWord(text, begin, stop, limit, counter, out);
    begin = stop;
  }
  return out;
}

std::vector<Piece> Pieces(std::string_view text, const ChunkingSpec& spec, TokenCounter& counter) {
  if (spec.type == ChunkingSpec::Type::kTokens) {
    return Words(text, 0, text.size(), spec.size, counter);
  }
  std::vector<Piece> out;
  for (const Piece& sentence : Sentences(text, counter)) {
    if (sentence.tokens <= spec.size) {
      out.push_back(sentence);
      continue;
    }
    const auto words = Words(text, sentence.begin, sentence.end, spec.size, counter);
    out.insert(out.end(), words.begin(), words.end());
  }
  return out;
}

// The first piece of the chunk after the one that ends before `next`: as many of its last pieces as
// the overlap holds, but never the whole chunk again.
size_t OverlapStart(const std::vector<Piece>& pieces, size_t first, size_t next, int64_t overlap) {
  size_t start = next;
  int64_t tokens = 0;
  while (start > first + 1 && tokens + pieces[start - 1].tokens <= overlap) {
    tokens += pieces[--start].tokens;
  }
  return start;
}

}  // namespace

std::vector<std::string> ChunkText(std::string_view text, const ChunkingSpec& spec,
                                   TokenCounter& counter) {
  std::vector<std::string> chunks;
  if (IsBlank(text)) return chunks;
  if (spec.type == ChunkingSpec::Type::kNone) {
    chunks.emplace_back(text);
    return chunks;
  }
  const std::vector<Piece> pieces = Pieces(text, spec, counter);
  size_t first = 0;
  size_t covered = 0;  // pieces before this one are in a chunk
  while (covered < pieces.size()) {
    // The sum of the pieces' tokens is what the chunk counts, within a token per join; the whole
    // chunk is counted again so that the size is never exceeded.
    size_t next = covered + 1;
    const auto fits = [&](size_t end) {
      const size_t begin = pieces[first].begin;
      return counter.Measure(text.substr(begin, pieces[end - 1].end - begin)) <= spec.size;
    };
    if (!fits(next)) first = covered;  // the overlap leaves no room for the new piece
    int64_t sum = 0;
    for (size_t i = first; i < next; ++i) sum += pieces[i].tokens;
    while (next < pieces.size() && sum + pieces[next].tokens <= spec.size) {
      sum += pieces[next++].tokens;
    }
    while (next > covered + 1 && !fits(next)) --next;
    chunks.emplace_back(
        text.substr(pieces[first].begin, pieces[next - 1].end - pieces[first].begin));
    covered = next;
    first = OverlapStart(pieces, first, next, spec.overlap);
  }
  return chunks;
}

}  // namespace drift
