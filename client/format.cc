#include "client/format.h"

#include <fmt/core.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

namespace drift::client {
namespace {

using google::protobuf::Timestamp;
using google::protobuf::util::TimeUtil;

constexpr double kMinute = 60;
constexpr double kHour = 3600;
constexpr double kDay = 86400;
constexpr double kCent = 0.01;
constexpr size_t kDateLength = 10;  // 2026-11-20

std::string Grouped(std::string digits) {
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

// "2 h 5 min" of two units; the smaller one is left out when it is 0.
std::string TwoUnits(double seconds, double large, const char* large_name, double small,
                     const char* small_name) {
  const auto total = static_cast<int64_t>(std::llround(seconds / small));
  const auto ratio = static_cast<int64_t>(large / small);
  if (total % ratio == 0) return fmt::format("{} {}", total / ratio, large_name);
  return fmt::format("{} {} {} {}", total / ratio, large_name, total % ratio, small_name);
}

// The part of a URI behind scheme://, without user and options.
std::string_view Address(std::string_view uri) {
  const size_t scheme = uri.find("://");
  if (scheme != std::string_view::npos) uri.remove_prefix(scheme + 3);
  uri = uri.substr(0, uri.find('?'));
  const size_t at = uri.substr(0, uri.find('/')).rfind('@');
  if (at != std::string_view::npos) uri.remove_prefix(at + 1);
  return uri;
}

std::string_view Option(std::string_view uri, std::string_view name) {
  const size_t question = uri.find('?');
  if (question == std::string_view::npos) return "";
  std::string_view rest = uri.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return pair.substr(name.size() + 1);
    }
  }
  return "";
}

std::string_view BaseName(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

std::string Count(int64_t count) {
  if (count < 0) return "-" + Grouped(std::to_string(-count));
  return Grouped(std::to_string(count));
}

std::string Count(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", Count(count), noun, count == 1 ? "" : "s");
}

std::string Money(double usd) {
  if (usd < 0) return "-" + Money(-usd);
  if (usd == 0) return "$0.00";
  if (usd < kCent) return SmallMoney(usd);
  const std::string text = fmt::format("{:.2f}", usd);
  const size_t point = text.find('.');
  return "$" + Grouped(text.substr(0, point)) + text.substr(point);
}

std::string SmallMoney(double usd) {
  constexpr double kLeast = 0.0000005;
  if (usd > 0 && usd < kLeast) return "<$0.000001";
  return fmt::format("${:.6f}", usd);
}

std::string DurationText(double seconds) {
  if (seconds < 9.95) return fmt::format("{:.1f} s", std::max(seconds, 0.0));
  if (seconds < kMinute - 0.5) return fmt::format("{:.0f} s", seconds);
  if (seconds < kHour - 0.5) return TwoUnits(seconds, kMinute, "min", 1, "s");
  if (seconds < kDay - 30) return TwoUnits(seconds, kHour, "h", kMinute, "min");
  return TwoUnits(seconds, kDay, "d", kHour, "h");
}

std::string ShortDuration(double seconds) {
  seconds = std::max(seconds, 0.0);
  if (seconds < kMinute) return fmt::format("{} s", static_cast<int64_t>(seconds));
  if (seconds < kHour) return fmt::format("{} min", static_cast<int64_t>(seconds / kMinute));
  if (seconds < 2 * kDay) return fmt::format("{} h", static_cast<int64_t>(seconds / kHour));
  return fmt::format("{} d", static_cast<int64_t>(seconds / kDay));
}

double SecondsBetween(const Timestamp& from, const Timestamp& to) {
  return static_cast<double>(TimeUtil::TimestampToMicroseconds(to) -
                             TimeUtil::TimestampToMicroseconds(from)) /
         1e6;
}

Timestamp Now() {
  return TimeUtil::GetCurrentTime();
}

std::string TimeText(const Timestamp& time) {
  Timestamp whole = time;
  whole.set_nanos(0);
  std::string text = TimeUtil::ToString(whole);  // 2026-11-20T09:14:03Z
  if (text.size() > kDateLength) text[kDateLength] = ' ';
  return text;
}

std::string ShortTable(std::string_view address) {
  if (address.starts_with('.')) return std::string(address);
  const std::string_view name = BaseName(address);
  return std::string(name.empty() ? address : name);
}

std::string ShortSink(std::string_view uri) {
  const size_t scheme_end = uri.find("://");
  if (scheme_end == std::string_view::npos) return std::string(uri);
  const std::string_view scheme = uri.substr(0, scheme_end);
  std::string_view address = Address(uri);
  std::string_view collection = Option(uri, "collection");
  if (collection.empty()) collection = Option(uri, "table");
  if (scheme == "sqlite") address = BaseName(address);
  std::string out = fmt::format("{} {}", scheme, address);
  if (!collection.empty()) out += fmt::format("/{}", collection);
  return out;
}

std::string Sentences(const std::string& message, const std::string& remedy) {
  if (message.empty() || remedy.empty()) return message + remedy;
  const bool ended = std::string_view(".!?").find(message.back()) != std::string_view::npos;
  std::string next = remedy;
  // A remedy that is a command stays as it has to be typed.
  if (!next.starts_with("drift")) {
    next[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(next[0])));
  }
  return fmt::format("{}{} {}", message, ended ? "" : ".", next);
}

std::string ValueText(const google::protobuf::Value& value) {
  if (value.has_string_value()) return value.string_value();
  if (value.has_null_value()) return "";
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(value, &json).ok()) return "?";
  return json;
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 5> kUnits = {
      {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}}};
  constexpr double kMost = 1e13;  // milliseconds; three centuries
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    double number = 0;
    const auto parsed =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (parsed.ec != std::errc() || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
    double scale = 0;
    for (const auto& [name, milliseconds] : kUnits) {
      if (name == unit) scale = milliseconds;
    }
    if (scale == 0) return std::nullopt;
    total += number * scale;
    text.remove_prefix(unit.size());
  }
  if (total > kMost) return std::nullopt;
  return std::chrono::milliseconds(static_cast<int64_t>(std::llround(total)));
}

std::optional<Timestamp> ParseTimePoint(std::string_view text) {
  if (const auto ago = ParseDuration(text)) {
    return TimeUtil::MillisecondsToTimestamp(TimeUtil::TimestampToMilliseconds(Now()) -
                                             ago->count());
  }
  std::string full(text);
  if (full.size() == kDateLength) full += "T00:00:00Z";
  Timestamp time;
  if (!TimeUtil::FromString(full, &time)) return std::nullopt;
  return time;
}

}  // namespace drift::client
