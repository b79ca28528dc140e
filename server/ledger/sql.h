// One way to talk to either database, for the tables that are small: pipelines, targets, runs,
// money, dead letters. Row states have their own code for each.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace drift::ledger {

struct SqlBytes {
  std::string bytes;
};
// NULL, integer, text, bytes.
using SqlValue = std::variant<std::monostate, int64_t, std::string, SqlBytes>;

inline SqlValue ToSqlValue(const SqlValue& value) {
  return value;
}
inline SqlValue ToSqlValue(const std::string& text) {
  return text;
}
inline SqlValue ToSqlValue(const char* text) {
  return std::string(text);
}
inline SqlValue ToSqlValue(std::string_view text) {
  return std::string(text);
}
inline SqlValue ToSqlValue(SqlBytes bytes) {
  return bytes;
}
inline SqlValue ToSqlValue(WallTime time) {
  return time.time_since_epoch().count();
}
template <typename T>
requires(std::is_integral_v<T> || std::is_enum_v<T>) SqlValue ToSqlValue(T value) {
  return static_cast<int64_t>(value);
}
template <typename T>
SqlValue ToSqlValue(const std::optional<T>& value) {
  return value ? ToSqlValue(*value) : SqlValue();
}

// The parameters $1, $2, ... of a statement.
class SqlArgs {
 public:
  template <typename... Args>
  explicit SqlArgs(const Args&... args) {
    (Add(args), ...);
  }
  // Returns its number, counted from 1.
  template <typename T>
  size_t Add(const T& value) {
    values_.push_back(ToSqlValue(value));
    return values_.size();
  }
  // Adds each and returns "($3, $4, ...)".
  template <typename Range>
  std::string AddList(const Range& range) {
    std::string list = "(";
    for (const auto& value : range) {
      if (list.size() > 1) list += ", ";
      list += "$" + std::to_string(Add(value));
    }
    return list + ")";
  }
  // The same for `IN`: the last value again and again up to a power of two, so that lists of any
  // length make few different statements. REQUIRES: not empty.
  template <typename Range>
  std::string AddSet(const Range& range) {
    size_t count = 0;
    std::string list = "(";
    for (const auto& value : range) {
      list += (count++ == 0 ? "$" : ", $") + std::to_string(Add(value));
    }
    for (; std::popcount(count) != 1; ++count) list += ", $" + std::to_string(values_.size());
    return list + ")";
  }
  const std::vector<SqlValue>& values() const { return values_; }

 private:
  std::vector<SqlValue> values_;
};

class SqlRow {
 public:
  explicit SqlRow(std::vector<SqlValue> values) : values_(std::move(values)) {}

  // Columns count from 0. NULL, and a value of another type, read as 0 or as empty.
  bool IsNull(size_t column) const { return values_[column].index() == 0; }
  int64_t Int(size_t column) const;
  int32_t Int32(size_t column) const { return static_cast<int32_t>(Int(column)); }
  bool Bool(size_t column) const { return Int(column) != 0; }
  const std::string& Text(size_t column) const;
  const std::string& Bytes(size_t column) const;
  WallTime Time(size_t column) const { return WallTime(std::chrono::microseconds(Int(column))); }
  std::optional<WallTime> OptionalTime(size_t column) const;

 private:
  std::vector<SqlValue> values_;
};

// Inside one transaction; one thread.
class SqlSession {
 public:
  virtual ~SqlSession() = default;

  // One statement that both databases understand. It reads its parameters as $1, $2, ...
  virtual StatusOr<std::vector<SqlRow>> Run(std::string_view sql, const SqlArgs& args) = 0;

  // The same where at most one row can come; nullopt: none.
  StatusOr<std::optional<SqlRow>> RunOne(std::string_view sql, const SqlArgs& args);
  // The same where no rows are wanted.
  Status Do(std::string_view sql, const SqlArgs& args) { return Run(sql, args).status(); }
};

// Text as both databases can store it: PostgreSQL knows no NUL bytes and nothing but UTF-8. For
// words that come from outside; keys and names are as they have to be already.
std::string Storable(std::string_view text);

// Cuts a long list into pieces that one statement can take.
template <typename T, typename Visit>
Status ForEachPiece(std::span<const T> all, Visit visit) {
  constexpr size_t kPiece = 256;
  for (size_t i = 0; i < all.size(); i += kPiece) {
    RETURN_IF_ERROR(visit(all.subspan(i, std::min(kPiece, all.size() - i))));
  }
  return OkStatus();
}

}  // namespace drift::ledger
