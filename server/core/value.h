// One cell of a table, and rows of them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace drift {

// Exact: canonical digits without trailing zeros after the point, "-12.5", "0", "1000".
struct Decimal {
  std::string digits;
  bool operator==(const Decimal&) const = default;
};

struct Date {
  int32_t days = 0;  // since 1970-01-01
  bool operator==(const Date&) const = default;
};

struct Timestamp {
  int64_t micros = 0;  // since 1970-01-01T00:00:00, UTC when `utc`
  bool utc = true;     // false: a wall-clock time without a zone
  bool operator==(const Timestamp&) const = default;
};

struct Binary {
  std::string bytes;
  bool operator==(const Binary&) const = default;
};

// A nested value (list, struct, map) as JSON text.
struct Json {
  std::string text;
  bool operator==(const Json&) const = default;
};

// monostate is NULL. Integers of every width are int64_t; std::string is UTF-8.
using Value = std::variant<std::monostate, bool, int64_t, float, double, Decimal, Date, Timestamp,
                           Binary, std::string, Json>;

inline bool IsNull(const Value& value) {
  return std::holds_alternative<std::monostate>(value);
}

// Appends the value as text in a template: NULL is empty, a string is itself, a binary is base64, a
// nested value is its JSON, everything else as in a key but without quotes.
void AppendText(std::string& out, const Value& value);

// Appends the value as JSON, as in keys and payloads (docs/points.md): integers and floats as
// numbers (RFC 8785), decimals, dates and times as strings, binary as base64 string, nested as is.
void AppendJson(std::string& out, const Value& value);

// Bytes of memory the value holds beyond sizeof(Value).
size_t HeapBytes(const Value& value);

// The cells of the columns that were asked for, in that order.
using Row = std::vector<Value>;

// Named values that lie beside a vector in a sink, in the order of configuration.
using Payload = std::vector<std::pair<std::string, Value>>;

// {"name":value,...}
std::string PayloadJson(const Payload& payload);

}  // namespace drift
