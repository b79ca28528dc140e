#include "sinks/match.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace drift {
namespace {

std::optional<double> Number(const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* number = std::get_if<float>(&value)) return *number;
  return std::nullopt;
}

}  // namespace

bool EqualsText(const Value& value, std::string_view text) {
  if (IsNull(value) || std::holds_alternative<Json>(value)) return false;
  std::string own;
  AppendText(own, value);
  if (own == text) return true;
  const auto number = Number(value);
  if (!number) return false;
  // Beyond 2^53 neighbouring integers would be equal as doubles.
  constexpr double kExact = 9007199254740992.0;
  double wanted = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, wanted);
  return parsed.ec == std::errc() && parsed.ptr == end && wanted == *number && wanted < kExact &&
         wanted > -kExact;
}

bool Matches(const Payload& payload, const SearchFilter& filter) {
  return std::all_of(filter.begin(), filter.end(), [&payload](const auto& wanted) {
    return std::any_of(payload.begin(), payload.end(), [&wanted](const auto& column) {
      return column.first == wanted.first && EqualsText(column.second, wanted.second);
    });
  });
}

}  // namespace drift
