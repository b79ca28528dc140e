#include "sources/delta/arrow_rows.h"

#include <charconv>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "sources/delta/decimal_text.h"

namespace drift::delta {
namespace {

// Null bits, then values, or offsets and bytes.
struct ColumnBuffers {
  std::string format;
  std::vector<uint8_t> valid;
  std::vector<char> fixed;
  std::vector<int32_t> offsets;
  std::string bytes;
  int64_t nulls = 0;
  bool variable = false;
  const void* pointers[3] = {};
};

struct SchemaOwner {
  std::vector<std::string> texts;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
};

struct ArrayOwner {
  std::vector<ColumnBuffers> columns;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
  const void* no_buffers[1] = {nullptr};
};

// Children live in their parent's owner; a consumer that releases one has nothing to free.
void ReleaseChild(ArrowSchema* schema) {
  schema->release = nullptr;
}
void ReleaseChild(ArrowArray* array) {
  array->release = nullptr;
}

template <typename T, typename Owner>
void Release(T* value) {
  delete static_cast<Owner*>(value->private_data);
  value->release = nullptr;
}

struct DecimalShape {
  int precision = 0;
  int scale = 0;
};

std::optional<DecimalShape> ParseDecimalType(std::string_view type) {
  DecimalShape shape;
  if (!type.starts_with("decimal(") || !type.ends_with(')')) return std::nullopt;
  const char* end = type.data() + type.size() - 1;
  auto parsed = std::from_chars(type.data() + 8, end, shape.precision);
  if (parsed.ec != std::errc() || *parsed.ptr != ',') return std::nullopt;
  parsed = std::from_chars(parsed.ptr + 1, end, shape.scale);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return shape;
}

std::string FormatOf(std::string_view type) {
  constexpr std::pair<std::string_view, std::string_view> kFormats[] = {
      {"string", "u"}, {"long", "l"},   {"integer", "i"},         {"short", "s"},
      {"byte", "c"},   {"float", "f"},  {"double", "g"},          {"boolean", "b"},
      {"date", "tdD"}, {"binary", "z"}, {"timestamp", "tsu:UTC"}, {"timestamp_ntz", "tsu:"},
  };
  for (const auto& [name, format] : kFormats) {
    if (name == type) return std::string(format);
  }
  const auto shape = ParseDecimalType(type);
  return shape ? fmt::format("d:{},{}", shape->precision, shape->scale) : "";
}

template <typename T>
void AppendFixed(ColumnBuffers& buffers, T value) {
  const auto* bytes = reinterpret_cast<const char*>(&value);
  buffers.fixed.insert(buffers.fixed.end(), bytes, bytes + sizeof(T));
}

template <typename T>
bool AppendInteger(ColumnBuffers& buffers, const Value& value) {
  const auto* number = std::get_if<int64_t>(&value);
  if (number == nullptr || *number < std::numeric_limits<T>::min() ||
      *number > std::numeric_limits<T>::max()) {
    return false;
  }
  AppendFixed(buffers, static_cast<T>(*number));
  return true;
}

template <typename T>
bool AppendReal(ColumnBuffers& buffers, const Value& value) {
  if (const auto* single = std::get_if<float>(&value)) {
    AppendFixed(buffers, static_cast<T>(*single));
  } else if (const auto* real = std::get_if<double>(&value)) {
    AppendFixed(buffers, static_cast<T>(*real));
  } else {
    return false;
  }
  return true;
}

bool AppendBytes(ColumnBuffers& buffers, const std::string* bytes) {
  constexpr size_t kMost = std::numeric_limits<int32_t>::max();
  if (bytes == nullptr || buffers.bytes.size() + bytes->size() > kMost) return false;
  buffers.bytes += *bytes;
  return true;
}

bool AppendTimestamp(ColumnBuffers& buffers, const Value& value, bool utc) {
  const auto* time = std::get_if<Timestamp>(&value);
  if (time == nullptr || time->utc != utc) return false;
  AppendFixed(buffers, time->micros);
  return true;
}

bool AppendDecimal(ColumnBuffers& buffers, const Value& value, std::string_view type) {
  const auto shape = ParseDecimalType(type);
  const auto* decimal = std::get_if<Decimal>(&value);
  if (!shape || decimal == nullptr) return false;
  const std::optional<Int128> unscaled = ParseDecimal(decimal->digits, shape->scale);
  if (!unscaled) return false;
  Int128 limit = 1;
  for (int i = 0; i < shape->precision; ++i) limit *= 10;
  if (*unscaled >= limit || *unscaled <= -limit) return false;
  AppendFixed(buffers, *unscaled);
  return true;
}

// False: the value is not of the column's type, or does not fit.
bool AppendValue(ColumnBuffers& buffers, std::string_view type, const Value& value) {
  switch (buffers.format[0]) {
    case 'c':
      return AppendInteger<int8_t>(buffers, value);
    case 's':
      return AppendInteger<int16_t>(buffers, value);
    case 'i':
      return AppendInteger<int32_t>(buffers, value);
    case 'l':
      return AppendInteger<int64_t>(buffers, value);
    case 'f':
      return AppendReal<float>(buffers, value);
    case 'g':
      return AppendReal<double>(buffers, value);
    case 'd':
      return AppendDecimal(buffers, value, type);
    case 'u':
      return AppendBytes(buffers, std::get_if<std::string>(&value));
    case 'z': {
      const auto* binary = std::get_if<Binary>(&value);
      return AppendBytes(buffers, binary == nullptr ? nullptr : &binary->bytes);
    }
    case 'b': {
      const auto* flag = std::get_if<bool>(&value);
      if (flag != nullptr) AppendFixed(buffers, static_cast<char>(*flag));
      return flag != nullptr;
    }
    default:
      break;
  }
  if (type == "date") {
    const auto* date = std::get_if<Date>(&value);
    if (date != nullptr) AppendFixed(buffers, date->days);
    return date != nullptr;
  }
  return AppendTimestamp(buffers, value, type == "timestamp");
}

size_t Width(char format) {
  switch (format) {
    case 'b':
    case 'c':
      return 1;
    case 's':
      return 2;
    case 'i':
    case 'f':
      return 4;
    case 'd':
      return 16;
    default:
      return 8;
  }
}

// The place of a NULL in the values.
void AppendBlank(ColumnBuffers& buffers, std::string_view type) {
  const size_t width = type == "date" ? 4 : Width(buffers.format[0]);
  if (!buffers.variable) buffers.fixed.insert(buffers.fixed.end(), width, '\0');
}

// Booleans were gathered a byte each.
void PackBits(ColumnBuffers& buffers) {
  std::vector<char> bits((buffers.fixed.size() + 7) / 8);
  for (size_t i = 0; i < buffers.fixed.size(); ++i) {
    if (buffers.fixed[i] != 0) bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << (i % 8));
  }
  buffers.fixed = std::move(bits);
}

StatusOr<ColumnBuffers> BuildColumn(const DeltaColumn& column, std::span<const Row> rows,
                                    size_t index) {
  ColumnBuffers buffers;
  buffers.format = FormatOf(column.type);
  if (buffers.format.empty()) {
    return InvalidArgument("column '{}': type {} cannot be written", column.name, column.type);
  }
  buffers.variable = buffers.format == "u" || buffers.format == "z";
  buffers.valid.resize((rows.size() + 7) / 8);
  if (buffers.variable) buffers.offsets.push_back(0);
  for (size_t row = 0; row < rows.size(); ++row) {
    const Value& value = rows[row][index];
    if (IsNull(value)) {
      ++buffers.nulls;
      AppendBlank(buffers, column.type);
    } else if (!AppendValue(buffers, column.type, value)) {
      return InvalidArgument("row {}, column '{}': the value is no {}, or does not fit", row,
                             column.name, column.type);
    } else {
      buffers.valid[row / 8] = static_cast<uint8_t>(buffers.valid[row / 8] | 1 << (row % 8));
    }
    if (buffers.variable) buffers.offsets.push_back(static_cast<int32_t>(buffers.bytes.size()));
  }
  if (buffers.format == "b") PackBits(buffers);
  return buffers;
}

OwnedSchema MakeSchema(std::span<const DeltaColumn> columns) {
  auto owner = std::make_unique<SchemaOwner>();
  owner->children.resize(columns.size());
  owner->texts.reserve(columns.size() * 2);  // their addresses are handed out
  for (size_t i = 0; i < columns.size(); ++i) {
    const char* format = owner->texts.emplace_back(FormatOf(columns[i].type)).c_str();
    const char* name = owner->texts.emplace_back(columns[i].name).c_str();
    owner->children[i] = {.format = format,
                          .name = name,
                          .flags = columns[i].nullable ? ARROW_FLAG_NULLABLE : 0,
                          .release = ReleaseChild};
    owner->pointers.push_back(&owner->children[i]);
  }
  OwnedSchema schema;
  *schema.out() = {.format = "+s",
                   .name = "",
                   .n_children = static_cast<int64_t>(columns.size()),
                   .children = owner->pointers.data(),
                   .release = Release<ArrowSchema, SchemaOwner>,
                   .private_data = owner.get()};
  owner.release();  // NOLINT(bugprone-unused-return-value): the schema's release() deletes it
  return schema;
}

ArrowArray MakeChild(ColumnBuffers& buffers, int64_t rows) {
  buffers.pointers[0] = buffers.nulls == 0 ? nullptr : buffers.valid.data();
  if (buffers.variable) {
    buffers.pointers[1] = buffers.offsets.data();
    buffers.pointers[2] = buffers.bytes.data();
  } else {
    buffers.pointers[1] = buffers.fixed.data();
  }
  return {.length = rows,
          .null_count = buffers.nulls,
          .n_buffers = buffers.variable ? 3 : 2,
          .buffers = buffers.pointers,
          .release = ReleaseChild};
}

OwnedArray MakeArray(std::unique_ptr<ArrayOwner> owner, int64_t rows) {
  owner->children.reserve(owner->columns.size());
  for (ColumnBuffers& buffers : owner->columns) {
    owner->pointers.push_back(&owner->children.emplace_back(MakeChild(buffers, rows)));
  }
  OwnedArray array;
  *array.out() = {.length = rows,
                  .n_buffers = 1,
                  .n_children = static_cast<int64_t>(owner->children.size()),
                  .buffers = owner->no_buffers,
                  .children = owner->pointers.data(),
                  .release = Release<ArrowArray, ArrayOwner>,
                  .private_data = owner.get()};
  owner.release();  // NOLINT(bugprone-unused-return-value): the array's release() deletes it
  return array;
}

}  // namespace

StatusOr<ArrowRows> ToArrow(std::span<const DeltaColumn> columns, std::span<const Row> rows) {
  for (size_t row = 0; row < rows.size(); ++row) {
    if (rows[row].size() == columns.size()) continue;
    return InvalidArgument("row {} has {} cells for {} columns", row, rows[row].size(),
                           columns.size());
  }
  auto owner = std::make_unique<ArrayOwner>();
  for (size_t i = 0; i < columns.size(); ++i) {
    ASSIGN_OR_RETURN(ColumnBuffers buffers, BuildColumn(columns[i], rows, i));
    owner->columns.push_back(std::move(buffers));
  }
  ArrowRows out;
  out.rows = MakeArray(std::move(owner), static_cast<int64_t>(rows.size()));
  out.schema = MakeSchema(columns);
  return out;
}

}  // namespace drift::delta
