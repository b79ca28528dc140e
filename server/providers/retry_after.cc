#include "providers/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "providers/rate_hint.h"

namespace drift {
namespace {

using std::chrono::milliseconds;
using Millis = std::optional<milliseconds>;

constexpr double kMostMillis = 3'600'000;

std::optional<double> ParseNumber(std::string_view text, size_t* length = nullptr) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const auto used = static_cast<size_t>(end - text.data());
  if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
  if (length == nullptr && used != text.size()) return std::nullopt;
  if (length != nullptr) *length = used;
  return value;
}

// Rounded up: a wait that is a little short is another 429.
Millis FromMillis(double ms) {
  if (!(ms > 0)) return std::nullopt;
  return milliseconds(static_cast<int64_t>(std::ceil(std::min(ms, kMostMillis))));
}

// Milliseconds of the unit `text` starts with, and its length; 0 if there is none.
double Unit(std::string_view text, size_t& length) {
  struct Known {
    std::string_view name;
    double ms;
  };
  constexpr std::array<Known, 4> kUnits = {{{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}}};
  for (const Known& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    length = unit.name.size();
    return unit.ms;
  }
  return 0;
}

Millis FromRetryAfter(std::string_view value, WallTime now) {
  if (const auto seconds = ParseNumber(value)) return FromMillis(*seconds * 1e3);
  const auto date = ParseHttpDate(value);
  if (!date) return std::nullopt;
  return FromMillis(std::chrono::duration<double, std::milli>(*date - now).count());
}

Millis FromMessage(std::string_view message) {
  for (const std::string_view before : {"try again in ", "retry after ", "retry in "}) {
    const size_t at = message.find(before);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = message.substr(at + before.size());
    if (const Millis wait = ParseDuration(rest)) return wait;
    size_t length = 0;
    const auto number = ParseNumber(rest, &length);
    if (number && rest.substr(length).starts_with(" second")) return FromMillis(*number * 1e3);
  }
  return std::nullopt;
}

Millis AtMostAnHour(Millis wait) {
  return wait ? FromMillis(static_cast<double>(wait->count())) : std::nullopt;
}

Millis FromRateLimits(const HttpHeaders& headers, WallTime now) {
  Millis longest;
  for (const char* what : {"requests", "tokens", "project-tokens"}) {
    const auto remaining = headers.Find(fmt::format("x-ratelimit-remaining-{}", what));
    const auto reset = headers.Find(fmt::format("x-ratelimit-reset-{}", what));
    if (!remaining || !reset || ParseNumber(*remaining) != 0.0) continue;
    const Millis wait = AtMostAnHour(ParseReset(*reset, now));
    if (wait && (!longest || *wait > *longest)) longest = wait;
  }
  const auto reset = headers.Find("x-ratelimit-reset");
  if (!longest && reset) longest = AtMostAnHour(ParseReset(*reset, now));
  return longest;
}

std::optional<int> Digits(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

Millis ParseDuration(std::string_view text) {
  double total = 0;
  bool any = false;
  for (;;) {
    size_t number_length = 0;
    size_t unit_length = 0;
    const auto number = ParseNumber(text, &number_length);
    if (!number || *number < 0) break;
    const double unit = Unit(text.substr(number_length), unit_length);
    if (unit == 0) break;
    total += *number * unit;
    any = true;
    text.remove_prefix(number_length + unit_length);
  }
  return any ? FromMillis(total) : std::nullopt;
}

std::optional<WallTime> ParseHttpDate(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr size_t kLength = std::string_view("Wed, 21 Oct 2026 07:28:00 GMT").size();
  if (text.size() != kLength || text.substr(3, 2) != ", " || !text.ends_with(" GMT") ||
      text[19] != ':' || text[22] != ':') {
    return std::nullopt;
  }
  const size_t month = kMonths.find(text.substr(8, 3));
  const auto day = Digits(text.substr(5, 2));
  const auto year = Digits(text.substr(12, 4));
  const auto hour = Digits(text.substr(17, 2));
  const auto minute = Digits(text.substr(20, 2));
  const auto second = Digits(text.substr(23, 2));
  if (month == std::string_view::npos || month % 3 != 0 || !day || !year || !hour || !minute ||
      !second) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

Millis FindRetryAfter(const HttpHeaders& headers, Millis in_body, std::string_view message,
                      WallTime now) {
  if (const auto value = headers.Find("retry-after-ms")) {
    const auto number = ParseNumber(*value);
    if (const Millis wait = number ? FromMillis(*number) : std::nullopt) return wait;
  }
  if (const auto value = headers.Find("retry-after")) {
    if (const Millis wait = FromRetryAfter(*value, now)) return wait;
  }
  if (const Millis wait = AtMostAnHour(in_body)) return wait;
  if (const Millis wait = FromMessage(message)) return wait;
  return FromRateLimits(headers, now);
}

}  // namespace drift
