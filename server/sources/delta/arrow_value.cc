#include "sources/delta/arrow_value.h"

#include <cstring>
#include <string>
#include <utility>

#include "base/json_text.h"
#include "sources/delta/decimal_text.h"

namespace drift::delta {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

bool Bit(const void* bits, int64_t index) {
  return (static_cast<const uint8_t*>(bits)[index / 8] >> (index % 8) & 1) != 0;
}

template <typename T>
T Fixed(const ArrowArray& column, int64_t row) {
  T value;
  // Buffers from other libraries need not be aligned to T (decimals of 16 bytes often are not).
  std::memcpy(&value,
              static_cast<const char*>(column.buffers[1]) + (column.offset + row) * sizeof(T),
              sizeof(T));
  return value;
}

// Begin and end of a variable-sized cell.
template <typename Offset>
std::pair<int64_t, int64_t> Range(const ArrowArray& column, int64_t row) {
  const auto* offsets = static_cast<const Offset*>(column.buffers[1]) + column.offset + row;
  return {offsets[0], offsets[1]};
}

std::pair<int64_t, int64_t> ItemRange(const ArrowType& type, const ArrowArray& column,
                                      int64_t row) {
  return type.kind == ArrowKind::kLargeList ? Range<int64_t>(column, row)
                                            : Range<int32_t>(column, row);
}

std::string_view Bytes(const ArrowType& type, const ArrowArray& column, int64_t row) {
  const bool large = type.kind == ArrowKind::kLargeString || type.kind == ArrowKind::kLargeBinary;
  const auto [begin, end] = large ? Range<int64_t>(column, row) : Range<int32_t>(column, row);
  if (begin == end) return {};  // the data buffer of an all-empty column may be absent
  return {static_cast<const char*>(column.buffers[2]) + begin, static_cast<size_t>(end - begin)};
}

int64_t ToMicros(int64_t value, int64_t units_per_second) {
  if (units_per_second <= kMicrosPerSecond) return value * (kMicrosPerSecond / units_per_second);
  const int64_t per_micro = units_per_second / kMicrosPerSecond;
  const int64_t quotient = value / per_micro;
  return value % per_micro < 0 ? quotient - 1 : quotient;
}

void AppendList(std::string& out, const ArrowType& type, const ArrowArray& column, int64_t row) {
  const auto [begin, end] = ItemRange(type, column, row);
  out.push_back('[');
  for (int64_t item = begin; item < end; ++item) {
    if (item > begin) out.push_back(',');
    AppendArrowJson(out, type.children[0], *column.children[0], item);
  }
  out.push_back(']');
}

void AppendStruct(std::string& out, const ArrowType& type, const ArrowArray& column, int64_t row) {
  out.push_back('{');
  for (size_t i = 0; i < type.children.size(); ++i) {
    if (i > 0) out.push_back(',');
    AppendJsonString(out, type.children[i].name);
    out.push_back(':');
    AppendArrowJson(out, type.children[i], *column.children[i], column.offset + row);
  }
  out.push_back('}');
}

void AppendMap(std::string& out, const ArrowType& type, const ArrowArray& column, int64_t row) {
  const auto [begin, end] = Range<int32_t>(column, row);
  const ArrowType& entry_type = type.children[0];
  const ArrowArray& entries = *column.children[0];
  out.push_back('{');
  for (int64_t item = begin; item < end; ++item) {
    if (item > begin) out.push_back(',');
    const int64_t at = entries.offset + item;
    std::string key;
    AppendText(key, ReadValue(entry_type.children[0], *entries.children[0], at));
    AppendJsonString(out, key);
    out.push_back(':');
    AppendArrowJson(out, entry_type.children[1], *entries.children[1], at);
  }
  out.push_back('}');
}

bool AppendNested(std::string& out, const ArrowType& type, const ArrowArray& column, int64_t row) {
  switch (type.kind) {
    case ArrowKind::kList:
    case ArrowKind::kLargeList:
      AppendList(out, type, column, row);
      return true;
    case ArrowKind::kStruct:
      AppendStruct(out, type, column, row);
      return true;
    case ArrowKind::kMap:
      AppendMap(out, type, column, row);
      return true;
    default:
      return false;
  }
}

Value ReadScalar(const ArrowType& type, const ArrowArray& column, int64_t row) {
  switch (type.kind) {
    case ArrowKind::kBool:
      return Bit(column.buffers[1], column.offset + row);
    case ArrowKind::kInt8:
      return int64_t{Fixed<int8_t>(column, row)};
    case ArrowKind::kInt16:
      return int64_t{Fixed<int16_t>(column, row)};
    case ArrowKind::kInt32:
      return int64_t{Fixed<int32_t>(column, row)};
    case ArrowKind::kInt64:
      return Fixed<int64_t>(column, row);
    case ArrowKind::kFloat:
      return Fixed<float>(column, row);
    case ArrowKind::kDouble:
      return Fixed<double>(column, row);
    case ArrowKind::kDecimal:
      return Decimal{DecimalText(Fixed<Int128>(column, row), type.scale)};
    case ArrowKind::kDate:
      return Date{Fixed<int32_t>(column, row)};
    case ArrowKind::kTimestamp:
      return Timestamp{ToMicros(Fixed<int64_t>(column, row), type.units_per_second), type.utc};
    case ArrowKind::kBinary:
    case ArrowKind::kLargeBinary:
      return Binary{std::string(Bytes(type, column, row))};
    case ArrowKind::kString:
    case ArrowKind::kLargeString:
      return std::string(Bytes(type, column, row));
    default:
      return std::monostate();
  }
}

}  // namespace

bool IsNullAt(const ArrowType& type, const ArrowArray& column, int64_t row) {
  if (type.kind == ArrowKind::kNull) return true;
  if (column.null_count == 0 || column.n_buffers == 0 || column.buffers[0] == nullptr) return false;
  return !Bit(column.buffers[0], column.offset + row);
}

Value ReadValue(const ArrowType& type, const ArrowArray& column, int64_t row) {
  if (IsNullAt(type, column, row)) return std::monostate();
  Json json;
  if (AppendNested(json.text, type, column, row)) return json;
  return ReadScalar(type, column, row);
}

void AppendArrowJson(std::string& out, const ArrowType& type, const ArrowArray& column,
                     int64_t row) {
  if (IsNullAt(type, column, row)) {
    out += "null";
  } else if (!AppendNested(out, type, column, row)) {
    AppendJson(out, ReadScalar(type, column, row));
  }
}

std::string_view ReadText(const ArrowType& type, const ArrowArray& column, int64_t row) {
  return IsNullAt(type, column, row) ? std::string_view() : Bytes(type, column, row);
}

}  // namespace drift::delta
