#include "providers/error_text.h"

#include <algorithm>

#include "base/utf8.h"

namespace drift {
namespace {

constexpr size_t kMost = 300;
// A stretch of this many bytes that stands in a text as well is taken for a quotation.
constexpr size_t kQuotation = 16;
constexpr size_t kShortestKey = 8;

bool Repeats(std::string_view message, std::string_view text) {
  if (text.size() < kQuotation) {
    return !text.empty() && message.find(text) != std::string_view::npos;
  }
  for (size_t i = 0; i + kQuotation <= message.size(); ++i) {
    if (text.find(message.substr(i, kQuotation)) != std::string_view::npos) return true;
  }
  return false;
}

std::string OneLine(std::string_view message) {
  std::string out;
  while (!message.empty() && out.size() < kMost) {
    const size_t length = std::max<size_t>(1, Utf8SequenceLength(message));
    const bool control = static_cast<unsigned char>(message[0]) < 0x20 || message[0] == 0x7f;
    const bool broken = Utf8SequenceLength(message) == 0;
    if (control || broken) {
      out += ' ';
    } else {
      out += message.substr(0, length);
    }
    message.remove_prefix(length);
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace

std::string Quotable(std::string_view message, std::span<const std::string> texts,
                     std::string_view key) {
  // Longer ones are hardly messages; looking through them is not worth it either.
  message = message.substr(0, kMost);
  if (key.size() >= kShortestKey && message.find(key) != std::string_view::npos) return "";
  for (const std::string& text : texts) {
    if (Repeats(message, text)) return "";
  }
  return OneLine(message);
}

}  // namespace drift
