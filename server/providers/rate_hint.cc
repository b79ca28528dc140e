#include "providers/rate_hint.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "providers/retry_after.h"

namespace drift {
namespace {

using std::chrono::milliseconds;

constexpr double kMostResetMillis = 24 * 3600e3;
// No window is this many seconds long: larger numbers are times.
constexpr double kEpochSeconds = 1e9;
constexpr double kEpochMillis = 1e12;

std::optional<double> NonNegative(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = end == text.data() + text.size();
  if (error != std::errc() || !whole || !std::isfinite(value) || value < 0) return std::nullopt;
  return value;
}

std::optional<int64_t> FindCount(const HttpHeaders& headers, const std::string& name) {
  const auto text = headers.Find(name);
  const auto number = text ? NonNegative(*text) : std::nullopt;
  if (!number || *number > kEpochMillis) return std::nullopt;
  return static_cast<int64_t>(*number);
}

QuotaWindow ReadWindow(const HttpHeaders& headers, std::string_view suffix, WallTime now) {
  const auto name = [&](std::string_view what) {
    return fmt::format("x-ratelimit-{}{}", what, suffix);
  };
  QuotaWindow out;
  out.limit = FindCount(headers, name("limit"));
  out.remaining = FindCount(headers, name("remaining"));
  if (const auto reset = headers.Find(name("reset"))) out.reset = ParseReset(*reset, now);
  return out;
}

std::optional<int64_t> Smaller(std::optional<int64_t> a, std::optional<int64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// Both hold, so the narrower one counts.
QuotaWindow Narrowest(const QuotaWindow& a, const QuotaWindow& b) {
  QuotaWindow out;
  out.limit = Smaller(a.limit, b.limit);
  out.remaining = Smaller(a.remaining, b.remaining);
  out.reset = !a.reset || (b.remaining && out.remaining == b.remaining) ? b.reset : a.reset;
  if (!out.reset) out.reset = a.reset;
  return out;
}

QuotaWindow Or(const QuotaWindow& window, const QuotaWindow& otherwise) {
  return window == QuotaWindow() ? otherwise : window;
}

}  // namespace

std::optional<milliseconds> ParseReset(std::string_view text, WallTime now) {
  const auto number = NonNegative(text);
  if (!number) return ParseDuration(text);
  double ms = *number * 1e3;
  if (*number >= kEpochSeconds) {
    const double since = *number >= kEpochMillis ? *number : *number * 1e3;
    ms = since - std::chrono::duration<double, std::milli>(now.time_since_epoch()).count();
  }
  return milliseconds(static_cast<int64_t>(std::ceil(std::clamp(ms, 0.0, kMostResetMillis))));
}

RateHint ReadRateHint(const HttpHeaders& headers, WallTime now) {
  RateHint out;
  out.requests = Or(ReadWindow(headers, "-requests", now), ReadWindow(headers, "", now));
  out.tokens =
      Narrowest(ReadWindow(headers, "-tokens", now), ReadWindow(headers, "-project-tokens", now));
  out.items = ReadWindow(headers, "-inputs", now);
  return out;
}

}  // namespace drift
