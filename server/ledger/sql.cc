#include "ledger/sql.h"

#include "base/utf8.h"

namespace drift::ledger {
namespace {

const std::string kEmpty;

}  // namespace

int64_t SqlRow::Int(size_t column) const {
  const auto* value = std::get_if<int64_t>(&values_[column]);
  return value == nullptr ? 0 : *value;
}

const std::string& SqlRow::Text(size_t column) const {
  const auto* value = std::get_if<std::string>(&values_[column]);
  return value == nullptr ? kEmpty : *value;
}

const std::string& SqlRow::Bytes(size_t column) const {
  const auto* value = std::get_if<SqlBytes>(&values_[column]);
  return value == nullptr ? kEmpty : value->bytes;
}

std::optional<WallTime> SqlRow::OptionalTime(size_t column) const {
  if (IsNull(column)) return std::nullopt;
  return Time(column);
}

StatusOr<std::optional<SqlRow>> SqlSession::RunOne(std::string_view sql, const SqlArgs& args) {
  ASSIGN_OR_RETURN(std::vector<SqlRow> rows, Run(sql, args));
  if (rows.empty()) return std::optional<SqlRow>();
  return std::optional<SqlRow>(std::move(rows.front()));
}

std::string Storable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = text[0] == '\0' ? 0 : Utf8SequenceLength(text);
    out.append(length == 0 ? kReplacementCharacter : text.substr(0, length));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

}  // namespace drift::ledger
