#include "core/text_template.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace drift {
namespace {

constexpr std::string_view kJoiner = "\n\n";

// White space outside ASCII (Unicode property White_Space), as UTF-8.
constexpr std::array<std::string_view, 19> kWideSpaces = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
    "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
    "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

size_t SpaceLength(std::string_view text) {
  const char c = text[0];
  if (c == ' ' || (c >= '\t' && c <= '\r')) return 1;
  for (const std::string_view space : kWideSpaces) {
    if (text.starts_with(space)) return space.size();
  }
  return 0;
}

}  // namespace

bool IsBlank(std::string_view text) {
  while (!text.empty()) {
    const size_t length = SpaceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

int TextTemplate::ColumnIndex(std::string_view name) {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) {
    columns_.emplace_back(name);
    return static_cast<int>(columns_.size()) - 1;
  }
  return static_cast<int>(found - columns_.begin());
}

StatusOr<TextTemplate> TextTemplate::Parse(std::string_view text) {
  TextTemplate out;
  std::string literal;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      literal.push_back(c);
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == c) {
      literal.push_back(c);
      ++i;
      continue;
    }
    if (c == '}') {
      return InvalidArgument("'}}' at {} has no '{{'; write '}}}}' for a brace", i + 1);
    }
    const size_t close = text.find('}', i);
    if (close == std::string_view::npos) return InvalidArgument("'{{' at {} is not closed", i + 1);
    const std::string_view name = text.substr(i + 1, close - i - 1);
    if (name.empty()) return InvalidArgument("'{{}}' at {} names no column", i + 1);
    if (name.find('{') != std::string_view::npos) {
      return InvalidArgument("'{{' at {} is not closed", i + 1);
    }
    out.parts_.push_back({std::move(literal), out.ColumnIndex(name)});
    literal.clear();
    i = close;
  }
  if (!literal.empty()) out.parts_.push_back({std::move(literal), -1});
  if (out.columns_.empty()) return InvalidArgument("names no column; write {{column}}");
  return out;
}

TextTemplate TextTemplate::Join(std::vector<std::string> columns) {
  TextTemplate out;
  out.join_ = true;
  for (const std::string& column : columns) out.parts_.push_back({"", out.ColumnIndex(column)});
  return out;
}

std::string TextTemplate::Render(const std::vector<const Value*>& cells) const {
  std::string out;
  bool first = true;
  for (const Part& part : parts_) {
    out += part.literal;
    if (part.column < 0) continue;
    const Value& value = *cells[static_cast<size_t>(part.column)];
    if (IsNull(value)) continue;
    if (join_ && !first) out += kJoiner;
    first = false;
    AppendText(out, value);
  }
  return out;
}

}  // namespace drift
