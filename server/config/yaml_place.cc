// From a place in a value back to the place in the source.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/utf8.h"
#include "config/yaml_tree.h"

namespace drift::yaml_internal {
namespace {

size_t SkipBlanks(std::string_view source, size_t at) {
  while (at < source.size() && (source[at] == ' ' || source[at] == '\n' || source[at] == '\r'))
    ++at;
  return at;
}

// Past the anchor and the tag a node may start with.
size_t ContentStart(std::string_view source, size_t at) {
  while (at < source.size() && (source[at] == '&' || source[at] == '!')) {
    while (at < source.size() && source[at] != ' ' && source[at] != '\n') ++at;
    at = SkipBlanks(source, at);
  }
  return at;
}

size_t Utf8Length(uint32_t code_point) {
  if (code_point < 0x80) return 1;
  if (code_point < 0x800) return 2;
  return code_point < 0x10000 ? 3 : 4;
}

struct Step {
  size_t source;  // bytes in the source
  size_t text;    // bytes they become
};

// What the escape at the start of `rest` becomes. REQUIRES: rest[0] == '\\'.
Step EscapeStep(std::string_view rest) {
  const char kind = rest.size() > 1 ? rest[1] : '\0';
  const size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  if (digits > 0 && rest.size() >= 2 + digits) {
    const std::string hex(rest.substr(2, digits));
    return {2 + digits, Utf8Length(static_cast<uint32_t>(std::strtoul(hex.c_str(), nullptr, 16)))};
  }
  if (kind == 'N' || kind == '_') return {2, 2};  // U+0085, U+00A0
  if (kind == 'L' || kind == 'P') return {2, 3};  // U+2028, U+2029
  return {2, 1};
}

// The next step of a scalar on one line; nullopt at its end or at the end of the line.
std::optional<Step> NextStep(std::string_view rest, char quote) {
  if (rest.empty() || rest[0] == '\n') return std::nullopt;
  if (quote == '\'' && rest[0] == '\'') {
    if (rest.size() > 1 && rest[1] == '\'') return Step{2, 1};
    return std::nullopt;
  }
  if (quote == '"' && rest[0] == '"') return std::nullopt;
  if (quote == '"' && rest[0] == '\\') return EscapeStep(rest);
  return Step{1, 1};
}

}  // namespace

size_t Text::ByteAt(int line, int byte_column) const {
  if (line < 0 || static_cast<size_t>(line) >= line_starts.size()) return source.size();
  const size_t byte = line_starts[static_cast<size_t>(line)] + static_cast<size_t>(byte_column);
  return std::min(byte, source.size());
}

Place Text::PlaceAt(size_t byte) const {
  const auto next = std::upper_bound(line_starts.begin(), line_starts.end(), byte);
  const size_t line = static_cast<size_t>(next - line_starts.begin()) - 1;
  Place place{static_cast<int>(line) + 1, 1};
  for (size_t i = line_starts[line]; i < byte && i < source.size(); ++i) {
    const bool continues = (static_cast<unsigned char>(source[i]) & 0xC0) == 0x80;
    if (!continues) ++place.column;
  }
  return place;
}

Place Text::PlaceInScalar(const Node& node, size_t offset) const {
  if (node.from_environment) {
    offset = offset < node.origins.size() ? node.origins[offset] : node.written.size();
  }
  size_t at = ContentStart(source, node.start);
  if (at >= source.size() || offset == 0) return node.place;
  const char first = source[at];
  if (node.quoted && (first == '|' || first == '>')) return node.place;
  const char quote = node.quoted && (first == '"' || first == '\'') ? first : '\0';
  if (quote != '\0') ++at;
  for (size_t passed = 0; passed < offset;) {
    const std::optional<Step> step = NextStep(std::string_view(source).substr(at), quote);
    if (!step) return node.place;
    at += step->source;
    passed += step->text;
  }
  return PlaceAt(at);
}

bool Text::IsClosed(const Node& node) const {
  if (!node.quoted) return true;
  size_t at = ContentStart(source, node.start);
  const char quote = at < source.size() ? source[at] : '\0';
  if (quote != '"' && quote != '\'') return true;
  for (++at; at < source.size();) {
    if (source[at] == '\n') {
      ++at;
      continue;
    }
    const std::optional<Step> step = NextStep(std::string_view(source).substr(at), quote);
    if (!step) return true;
    at += step->source;
  }
  return false;
}

}  // namespace drift::yaml_internal
