#include "core/value.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json_text.h"
#include "base/time_text.h"

namespace drift {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

std::string TimestampText(const Timestamp& time) {
  const WallTime at{std::chrono::microseconds(time.micros)};
  return time.utc ? FormatTime(at) : FormatLocalTime(at);
}

void AppendInteger(std::string& out, int64_t number) {
  fmt::format_int text(number);
  out.append(text.data(), text.size());
}

}  // namespace

void AppendText(std::string& out, const Value& value) {
  std::visit(Overloaded{
                 [](std::monostate) {},
                 [&](bool flag) { out += flag ? "true" : "false"; },
                 [&](int64_t number) { AppendInteger(out, number); },
                 [&](float number) { AppendJsonNumber(out, number, false); },
                 [&](double number) { AppendJsonNumber(out, number, false); },
                 [&](const Decimal& decimal) { out += decimal.digits; },
                 [&](const Date& date) { out += FormatDate(date.days); },
                 [&](const Timestamp& time) { out += TimestampText(time); },
                 [&](const Binary& binary) { out += Base64Encode(binary.bytes); },
                 [&](const std::string& text) { out += text; },
                 [&](const Json& json) { out += json.text; },
             },
             value);
}

void AppendJson(std::string& out, const Value& value) {
  std::visit(Overloaded{
                 [&](std::monostate) { out += "null"; },
                 [&](bool flag) { out += flag ? "true" : "false"; },
                 [&](int64_t number) { AppendInteger(out, number); },
                 [&](float number) { AppendJsonNumber(out, number, true); },
                 [&](double number) { AppendJsonNumber(out, number, true); },
                 [&](const Decimal& decimal) { AppendJsonString(out, decimal.digits); },
                 [&](const Date& date) { AppendJsonString(out, FormatDate(date.days)); },
                 [&](const Timestamp& time) { AppendJsonString(out, TimestampText(time)); },
                 [&](const Binary& binary) { AppendJsonString(out, Base64Encode(binary.bytes)); },
                 [&](const std::string& text) { AppendJsonString(out, text); },
                 [&](const Json& json) { out += json.text; },
             },
             value);
}

size_t HeapBytes(const Value& value) {
  return std::visit(Overloaded{
                        [](const Decimal& decimal) { return decimal.digits.capacity(); },
                        [](const Binary& binary) { return binary.bytes.capacity(); },
                        [](const std::string& text) { return text.capacity(); },
                        [](const Json& json) { return json.text.capacity(); },
                        [](const auto&) { return size_t{0}; },
                    },
                    value);
}

std::string PayloadJson(const Payload& payload) {
  std::string out = "{";
  for (const auto& [name, value] : payload) {
    if (out.size() > 1) out.push_back(',');
    AppendJsonString(out, name);
    out.push_back(':');
    AppendJson(out, value);
  }
  out.push_back('}');
  return out;
}

}  // namespace drift
