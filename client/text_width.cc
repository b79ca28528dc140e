#include "client/text_width.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace drift::client {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct Range {
  uint32_t first;
  uint32_t last;
};

// Blocks of East Asian Wide and Fullwidth characters and of emoji (Unicode Standard Annex 11),
// whole blocks where nearly all is wide.
constexpr std::array<Range, 14> kWide = {{{0x1100, 0x115F},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0x33FF},
                                          {0x3400, 0x4DBF},
                                          {0x4E00, 0x9FFF},
                                          {0xA000, 0xA4CF},
                                          {0xA960, 0xA97C},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF01, 0xFF60},
                                          {0xFFE0, 0xFFE6},
                                          {0x1F300, 0x1FAFF},
                                          {0x20000, 0x3FFFD}}};
// Combining marks, joiners, variation selectors.
constexpr std::array<Range, 10> kZero = {{{0x0300, 0x036F},
                                          {0x0483, 0x0489},
                                          {0x0591, 0x05BD},
                                          {0x064B, 0x065F},
                                          {0x0E34, 0x0E3A},
                                          {0x1AB0, 0x1AFF},
                                          {0x200B, 0x200F},
                                          {0x20D0, 0x20FF},
                                          {0xFE00, 0xFE0F},
                                          {0xFE20, 0xFE2F}}};

template <size_t N>
bool In(const std::array<Range, N>& ranges, uint32_t code_point) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

struct Character {
  std::string_view bytes;
  uint32_t code_point = 0;
  bool valid = true;
};

// The character `text` starts with; one byte of it if it is not UTF-8. REQUIRES: !text.empty().
Character First(std::string_view text) {
  const auto byte = static_cast<uint8_t>(text[0]);
  const size_t length = byte < 0x80    ? 1
                        : byte >= 0xF0 ? 4
                        : byte >= 0xE0 ? 3
                        : byte >= 0xC2 ? 2
                                       : 0;
  if (length == 0 || byte > 0xF4 || length > text.size()) return {text.substr(0, 1), 0, false};
  uint32_t code_point = length == 1 ? byte : byte & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<uint8_t>(text[i]);
    if ((next & 0xC0) != 0x80) return {text.substr(0, 1), 0, false};
    code_point = code_point << 6 | (next & 0x3F);
  }
  return {text.substr(0, length), code_point, true};
}

size_t Width(const Character& character) {
  if (!character.valid) return 1;
  if (In(kZero, character.code_point)) return 0;
  return In(kWide, character.code_point) ? 2 : 1;
}

// The longest start of `text` of at most `width` columns.
std::string_view Start(std::string_view text, size_t width) {
  size_t used = 0;
  size_t at = 0;
  while (at < text.size()) {
    const Character character = First(text.substr(at));
    used += Width(character);
    if (used > width) break;
    at += character.bytes.size();
  }
  return text.substr(0, at);
}

std::string_view End(std::string_view text, size_t width) {
  std::vector<std::pair<size_t, size_t>> places;  // where each character starts, its width
  for (size_t at = 0; at < text.size();) {
    const Character character = First(text.substr(at));
    places.emplace_back(at, Width(character));
    at += character.bytes.size();
  }
  size_t used = 0;
  size_t from = text.size();
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    used += place->second;
    if (used > width) break;
    from = place->first;
  }
  return text.substr(from);
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Character character = First(text);
    width += Width(character);
    text.remove_prefix(character.bytes.size());
  }
  return width;
}

std::string Printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = First(text);
    const uint32_t code_point = character.code_point;
    const bool control = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) ||
                         (code_point >= 0x202A && code_point <= 0x202E) ||
                         (code_point >= 0x2066 && code_point <= 0x2069);
    const bool space = code_point == '\n' || code_point == '\r' || code_point == '\t';
    if (character.valid && space) {
      out += ' ';
    } else if (!character.valid || control) {
      out += kReplacement;
    } else {
      out += character.bytes;
    }
    text.remove_prefix(character.bytes.size());
  }
  return out;
}

std::string Fit(std::string_view text, size_t width, Cut cut) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  const size_t room = width - 1;
  if (cut == Cut::kEnd) return std::string(Start(text, room)) + std::string(kEllipsis);
  const size_t tail = room / 2;
  return std::string(Start(text, room - tail)) + std::string(kEllipsis) +
         std::string(End(text, tail));
}

std::string PadRight(std::string text, size_t width) {
  const size_t used = DisplayWidth(text);
  if (used < width) text.append(width - used, ' ');
  return text;
}

std::string PadLeft(std::string text, size_t width) {
  const size_t used = DisplayWidth(text);
  if (used < width) text.insert(0, width - used, ' ');
  return text;
}

std::string Wrap(std::string_view text, size_t width, size_t indent) {
  if (width == 0 || indent + DisplayWidth(text) <= width) return std::string(text);
  std::string out;
  size_t column = indent;
  for (bool first = true; !text.empty(); first = false) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const size_t word_width = DisplayWidth(word);
    if (column > indent && column + 1 + word_width > width) {
      out += '\n';
      out.append(indent, ' ');
      column = indent;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word_width;
  }
  return out;
}

}  // namespace drift::client
