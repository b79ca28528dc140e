#include "base/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/utf8.h"

namespace drift {
namespace {

void AppendEscape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  constexpr char kDigits[] = "0123456789abcdef";
  out += "\\u00";
  out.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
  out.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
}

template <typename Float>
void AppendFinite(std::string& out, Float value) {
  // Shortest digits in scientific form, d.ddde±xx, then laid out as ECMAScript does.
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<size_t>(end.ptr - buffer.data()));
  if (text.starts_with('-')) {
    out.push_back('-');
    text.remove_prefix(1);
  }
  const size_t e = text.find('e');
  int exponent = 0;
  const char* exponent_at = text.data() + e + 1 + (text[e + 1] == '+' ? 1 : 0);
  std::from_chars(exponent_at, text.data() + text.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits.append(text.substr(2, e - 2));
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // the decimal point's place, counted from the first digit
  constexpr int kFixedUpTo = 21;
  constexpr int kFixedDownTo = -6;
  if (point > 0 && point <= kFixedUpTo) {
    if (count <= point) {
      out += digits;
      out.append(static_cast<size_t>(point - count), '0');
    } else {
      out.append(digits, 0, static_cast<size_t>(point));
      out.push_back('.');
      out.append(digits, static_cast<size_t>(point));
    }
  } else if (point <= 0 && point > kFixedDownTo) {
    out += "0.";
    out.append(static_cast<size_t>(-point), '0');
    out += digits;
  } else {
    out.push_back(digits[0]);
    if (count > 1) {
      out.push_back('.');
      out.append(digits, 1);
    }
    out.push_back('e');
    out.push_back(exponent < 0 ? '-' : '+');
    out += std::to_string(std::abs(exponent));
  }
}

template <typename Float>
void AppendNumber(std::string& out, Float value, bool quote_specials) {
  if (value == 0) value = 0;  // -0 is written as 0 too
  if (std::isfinite(value)) return AppendFinite(out, value);
  const std::string_view word = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  if (quote_specials) out.push_back('"');
  out += word;
  if (quote_specials) out.push_back('"');
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out.push_back('"');
  size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<uint8_t>(text[i]);
    if (c < 0x20 || c == '"' || c == '\\') {
      AppendEscape(out, text[i++]);
    } else if (c < 0x80) {
      out.push_back(text[i++]);
    } else if (const size_t length = Utf8SequenceLength(text.substr(i)); length > 0) {
      out.append(text.substr(i, length));
      i += length;
    } else {
      out += kReplacementCharacter;
      ++i;
    }
  }
  out.push_back('"');
}

void AppendJsonNumber(std::string& out, double value, bool quote_specials) {
  AppendNumber(out, value, quote_specials);
}

void AppendJsonNumber(std::string& out, float value, bool quote_specials) {
  AppendNumber(out, value, quote_specials);
}

}  // namespace drift
