#include "core/key.h"

#include <charconv>
#include <cmath>

#include "base/json_text.h"
#include "base/utf8.h"

namespace drift {
namespace {

// 6f1d3c1e-2f0a-5b0e-9c57-d41f7a3b8e21
constexpr Uuid kNamespace{{0x6f, 0x1d, 0x3c, 0x1e, 0x2f, 0x0a, 0x5b, 0x0e, 0x9c, 0x57, 0xd4, 0x1f,
                           0x7a, 0x3b, 0x8e, 0x21}};
constexpr char kSeparator = 0x1F;

void AppendCodePoint(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | code >> 6));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | code >> 12));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | code >> 18));
    out.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// If all of `text` is a JSON number: it in canonical form. Integers keep their digits.
bool CanonicalNumber(std::string_view text, std::string& out) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.find_first_not_of("0123456789.eE+-") != std::string_view::npos) {
    return false;
  }
  if (digits.size() > 1 && digits[0] == '0' && digits[1] != '.' && digits[1] != 'e') return false;
  if (digits.find_first_of(".eE") == std::string_view::npos) {
    if (digits.find_first_of("+-") != std::string_view::npos) return false;
    out.append(text);
    return true;
  }
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return false;
  AppendJsonNumber(out, number, true);
  return true;
}

bool IsLiteral(std::string_view text) {
  return text == "true" || text == "false" || text == "null";
}

// Reads a JSON array of scalars and writes it canonically.
class ArrayReader {
 public:
  explicit ArrayReader(std::string_view text) : rest_(text) {}

  bool Read(std::string& out) {
    out = "[";
    if (!Take('[')) return false;
    if (Take(']')) return false;  // a key has at least one column
    do {
      if (out.size() > 1) out.push_back(',');
      if (!Scalar(out)) return false;
    } while (Take(','));
    out.push_back(']');
    return Take(']') && (SkipSpace(), rest_.empty());
  }

 private:
  void SkipSpace() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_[0]) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
  }

  bool Take(char c) {
    SkipSpace();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool Scalar(std::string& out) {
    if (Take('"')) return String(out);
    SkipSpace();
    const std::string_view word = rest_.substr(0, rest_.find_first_of(",] \t\r\n"));
    rest_.remove_prefix(word.size());
    if (!IsLiteral(word)) return CanonicalNumber(word, out);
    out.append(word);
    return true;
  }

  bool String(std::string& out) {
    std::string value;
    while (!rest_.empty() && rest_[0] != '"') {
      if (rest_[0] != '\\') {
        value.push_back(rest_[0]);
        rest_.remove_prefix(1);
      } else if (!Escape(value)) {
        return false;
      }
    }
    if (!Take('"') || !IsUtf8(value)) return false;
    AppendJsonString(out, value);
    return true;
  }

  bool Escape(std::string& value) {
    if (rest_.size() < 2) return false;
    const char c = rest_[1];
    rest_.remove_prefix(2);
    constexpr std::string_view kFrom = "\"\\/bfnrt";
    constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    if (const size_t at = kFrom.find(c); at != std::string_view::npos) {
      value.push_back(kTo[at]);
      return true;
    }
    uint32_t code = 0;
    if (c != 'u' || !Hex4(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      uint32_t low = 0;
      if (!rest_.starts_with("\\u")) return false;
      rest_.remove_prefix(2);
      if (!Hex4(low) || low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendCodePoint(value, code);
    return true;
  }

  bool Hex4(uint32_t& code) {
    if (rest_.size() < 4) return false;
    const auto parsed = std::from_chars(rest_.data(), rest_.data() + 4, code, 16);
    if (parsed.ec != std::errc() || parsed.ptr != rest_.data() + 4) return false;
    rest_.remove_prefix(4);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string CanonicalKey(std::span<const Value> cells) {
  std::string key = "[";
  for (const Value& cell : cells) {
    if (key.size() > 1) key.push_back(',');
    AppendJson(key, cell);
  }
  key.push_back(']');
  return key;
}

StatusOr<std::vector<std::string>> KeyCandidates(std::string_view text) {
  std::vector<std::string> keys;
  if (text.starts_with('[')) {
    std::string key;
    if (!ArrayReader(text).Read(key)) {
      return InvalidArgument("key {}: not a JSON array of strings, numbers and booleans", text);
    }
    keys.push_back(std::move(key));
    return keys;
  }
  std::string& as_string = keys.emplace_back("[");
  AppendJsonString(as_string, text);
  as_string.push_back(']');
  std::string other = "[";
  if (text == "true" || text == "false") {
    other += text;
  } else if (!CanonicalNumber(text, other)) {
    return keys;
  }
  keys.push_back(other + "]");
  return keys;
}

Uuid PointId(std::string_view pipeline, std::string_view key, int32_t chunk) {
  std::string name;
  name.reserve(pipeline.size() + key.size() + 16);
  name.append(pipeline);
  name.push_back(kSeparator);
  name.append(key);
  name.push_back(kSeparator);
  name += std::to_string(chunk);
  return UuidV5(kNamespace, name);
}

}  // namespace drift
