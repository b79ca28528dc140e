#include "core/embedder.h"

#include <charconv>

namespace drift {
namespace {

constexpr char kMaybeBilledUrl[] = "drift/maybe-billed";
constexpr char kUnsaidWaitUrl[] = "drift/unsaid-wait";
constexpr char kRateHintUrl[] = "drift/rate-hint";

// "1000,-,250" and so on: limit, remaining and reset of each window, - where nothing was said.
void Append(std::string& out, const std::optional<int64_t>& number) {
  if (!out.empty()) out += ',';
  out += number ? std::to_string(*number) : "-";
}

void Append(std::string& out, const QuotaWindow& window) {
  Append(out, window.limit);
  Append(out, window.remaining);
  std::optional<int64_t> reset;
  if (window.reset) reset = window.reset->count();
  Append(out, reset);
}

std::optional<int64_t> Take(std::string_view& text) {
  const std::string_view field = text.substr(0, text.find(','));
  text.remove_prefix(std::min(text.size(), field.size() + 1));
  int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return value;
}

QuotaWindow TakeWindow(std::string_view& text) {
  QuotaWindow out;
  out.limit = Take(text);
  out.remaining = Take(text);
  if (const auto reset = Take(text)) out.reset = std::chrono::milliseconds(*reset);
  return out;
}

}  // namespace

Status WithRateHint(Status error, const RateHint& rate) {
  if (error.ok() || rate.empty()) return error;
  std::string text;
  for (const QuotaWindow* window : {&rate.requests, &rate.tokens, &rate.items}) {
    Append(text, *window);
  }
  error.SetPayload(kRateHintUrl, absl::Cord(text));
  return error;
}

RateHint RateHintOf(const Status& error) {
  const auto payload = error.GetPayload(kRateHintUrl);
  if (!payload) return {};
  const std::string text(*payload);
  std::string_view rest = text;
  RateHint out;
  out.requests = TakeWindow(rest);
  out.tokens = TakeWindow(rest);
  out.items = TakeWindow(rest);
  return out;
}

Status MarkMaybeBilled(Status error) {
  if (!error.ok()) error.SetPayload(kMaybeBilledUrl, absl::Cord("1"));
  return error;
}

bool MaybeBilled(const Status& error) {
  return error.GetPayload(kMaybeBilledUrl).has_value();
}

Status MarkUnsaidWait(Status error) {
  if (!error.ok()) error.SetPayload(kUnsaidWaitUrl, absl::Cord("1"));
  return error;
}

bool WaitIsUnsaid(const Status& error) {
  return error.GetPayload(kUnsaidWaitUrl).has_value();
}

}  // namespace drift
