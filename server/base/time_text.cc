#include "base/time_text.h"

#include <cctype>
#include <charconv>

namespace drift {
namespace {

using std::chrono::microseconds;

// Reads exactly `digits` digits at the front of `text`.
bool Take(std::string_view& text, size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto parsed = std::from_chars(text.data(), text.data() + digits, out);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + digits || out < 0) return false;
  text.remove_prefix(digits);
  return true;
}

bool TakeChar(std::string_view& text, char c) {
  if (text.empty() || std::toupper(text[0]) != c) return false;
  text.remove_prefix(1);
  return true;
}

bool TakeFraction(std::string_view& text, microseconds& out) {
  if (!TakeChar(text, '.')) return true;
  int64_t value = 0;
  int digits = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    if (digits < 6) value = value * 10 + (text[0] - '0');
    ++digits;
    text.remove_prefix(1);
  }
  for (int i = digits; i < 6; ++i) value *= 10;
  out = microseconds(value);
  return digits > 0;
}

bool TakeOffset(std::string_view& text, std::chrono::minutes& out) {
  if (TakeChar(text, 'Z')) return text.empty();
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return false;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!Take(text, 2, hours) || !TakeChar(text, ':') || !Take(text, 2, minutes)) return false;
  out = std::chrono::minutes(sign * (hours * 60 + minutes));
  return text.empty();
}

}  // namespace

std::string FormatDate(int32_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string FormatLocalTime(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{}T{:02}:{:02}:{:02}.{:06}", FormatDate(day.time_since_epoch().count()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string FormatTime(WallTime time) {
  return FormatLocalTime(time) + "Z";
}

StatusOr<WallTime> ParseTime(std::string_view text) {
  const auto bad = [whole = std::string(text)] {
    return InvalidArgument("'{}' is not a time; use 2026-11-20 or 2026-11-20T09:14:03Z", whole);
  };
  int year = 0, month = 0, day = 0;
  if (!Take(text, 4, year) || !TakeChar(text, '-') || !Take(text, 2, month) ||
      !TakeChar(text, '-') || !Take(text, 2, day)) {
    return bad();
  }
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return bad();
  WallTime out = std::chrono::sys_days{date};
  if (text.empty()) return out;
  int hours = 0, minutes = 0, seconds = 0;
  microseconds fraction{0};
  std::chrono::minutes offset{0};
  if (!TakeChar(text, 'T') || !Take(text, 2, hours) || !TakeChar(text, ':') ||
      !Take(text, 2, minutes) || !TakeChar(text, ':') || !Take(text, 2, seconds) ||
      !TakeFraction(text, fraction) || !TakeOffset(text, offset)) {
    return bad();
  }
  if (hours > 23 || minutes > 59 || seconds > 60) return bad();
  return out + std::chrono::hours(hours) + std::chrono::minutes(minutes) +
         std::chrono::seconds(seconds) + fraction - offset;
}

}  // namespace drift
