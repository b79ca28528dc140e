#include "sources/delta/arrow_type.h"

#include <charconv>
#include <optional>

namespace drift::delta {
namespace {

std::optional<ArrowKind> SimpleKind(std::string_view format) {
  if (format == "tdD") return ArrowKind::kDate;
  if (format == "+l") return ArrowKind::kList;
  if (format == "+L") return ArrowKind::kLargeList;
  if (format == "+s") return ArrowKind::kStruct;
  if (format == "+m") return ArrowKind::kMap;
  if (format.size() != 1) return std::nullopt;
  switch (format[0]) {
    case 'n':
      return ArrowKind::kNull;
    case 'b':
      return ArrowKind::kBool;
    case 'c':
      return ArrowKind::kInt8;
    case 's':
      return ArrowKind::kInt16;
    case 'i':
      return ArrowKind::kInt32;
    case 'l':
      return ArrowKind::kInt64;
    case 'f':
      return ArrowKind::kFloat;
    case 'g':
      return ArrowKind::kDouble;
    case 'z':
      return ArrowKind::kBinary;
    case 'Z':
      return ArrowKind::kLargeBinary;
    case 'u':
      return ArrowKind::kString;
    case 'U':
      return ArrowKind::kLargeString;
    default:
      return std::nullopt;
  }
}

// "tsu:UTC": unit and time zone; an empty zone means a wall-clock time.
bool ParseTimestamp(std::string_view format, ArrowType& type) {
  if (!format.starts_with("ts") || format.size() < 4 || format[3] != ':') return false;
  switch (format[2]) {
    case 's':
      type.units_per_second = 1;
      break;
    case 'm':
      type.units_per_second = 1'000;
      break;
    case 'u':
      type.units_per_second = 1'000'000;
      break;
    case 'n':
      type.units_per_second = 1'000'000'000;
      break;
    default:
      return false;
  }
  type.kind = ArrowKind::kTimestamp;
  type.utc = format.size() > 4;
  return true;
}

// "d:precision,scale"; a third number would be a width other than 128 bits.
bool ParseDecimalFormat(std::string_view format, ArrowType& type) {
  const size_t comma = format.find(',');
  if (!format.starts_with("d:") || comma == std::string_view::npos) return false;
  const std::string_view scale = format.substr(comma + 1);
  const auto parsed = std::from_chars(scale.data(), scale.data() + scale.size(), type.scale);
  if (parsed.ec != std::errc() || parsed.ptr != scale.data() + scale.size()) return false;
  type.kind = ArrowKind::kDecimal;
  return type.scale >= 0 && type.scale <= 38;
}

bool HasRightChildren(const ArrowType& type) {
  switch (type.kind) {
    case ArrowKind::kList:
    case ArrowKind::kLargeList:
      return type.children.size() == 1;
    case ArrowKind::kMap:
      return type.children.size() == 1 && type.children[0].kind == ArrowKind::kStruct &&
             type.children[0].children.size() == 2;
    case ArrowKind::kStruct:
      return true;
    default:
      return type.children.empty();
  }
}

}  // namespace

StatusOr<ArrowType> ParseArrowType(const ArrowSchema& schema) {
  ArrowType type;
  type.name = schema.name == nullptr ? "" : schema.name;
  const std::string_view format = schema.format == nullptr ? "" : schema.format;
  const auto unknown = [&] {
    return Unimplemented("column '{}': values of Arrow type '{}' cannot be read", type.name,
                         format);
  };
  if (schema.dictionary != nullptr) return unknown();
  for (int64_t i = 0; i < schema.n_children; ++i) {
    ASSIGN_OR_RETURN(ArrowType child, ParseArrowType(*schema.children[i]));
    type.children.push_back(std::move(child));
  }
  if (const auto kind = SimpleKind(format)) {
    type.kind = *kind;
  } else if (!ParseTimestamp(format, type) && !ParseDecimalFormat(format, type)) {
    return unknown();
  }
  if (!HasRightChildren(type)) return unknown();
  return type;
}

}  // namespace drift::delta
