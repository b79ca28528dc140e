#include "sources/delta/decimal_text.h"

#include <algorithm>

namespace drift::delta {
namespace {

constexpr int kMaxDigits = 38;

}  // namespace

std::string DecimalText(Int128 unscaled, int scale) {
  const bool negative = unscaled < 0;
  // Negated as unsigned, because the smallest value has no positive counterpart.
  auto rest = static_cast<unsigned __int128>(unscaled);
  if (negative) rest = -rest;
  std::string digits;  // least significant first
  for (; rest != 0; rest /= 10)
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  while (digits.size() <= static_cast<size_t>(scale)) digits.push_back('0');
  size_t zeros = 0;
  while (zeros < static_cast<size_t>(scale) && digits[zeros] == '0') ++zeros;
  std::string text;
  for (size_t i = digits.size(); i-- > zeros;) {
    text.push_back(digits[i]);
    if (i == static_cast<size_t>(scale) && i > zeros) text.push_back('.');
  }
  return negative && unscaled != 0 ? "-" + text : text;
}

std::optional<Int128> ParseDecimal(std::string_view text, int scale) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (whole.empty() || fraction.size() > static_cast<size_t>(scale)) return std::nullopt;
  std::string digits(whole);
  digits += fraction;
  digits.append(scale - fraction.size(), '0');
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.size() > kMaxDigits) return std::nullopt;
  Int128 value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + (digit - '0');
  }
  return negative ? -value : value;
}

}  // namespace drift::delta
