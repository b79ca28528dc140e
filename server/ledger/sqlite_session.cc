#include "ledger/sqlite_session.h"

#include <algorithm>

namespace drift::ledger {
namespace {

SqlValue ValueOf(const SqliteStatement& row, int column) {
  switch (row.type(column)) {
    case SqliteType::kInteger:
      return row.Int(column);
    case SqliteType::kText:
      return row.String(column);
    case SqliteType::kBlob:
      return SqlBytes{std::string(row.Blob(column))};
    case SqliteType::kReal:
    case SqliteType::kNull:
      break;
  }
  return SqlValue();
}

void Bind(SqliteStatement& statement, const std::vector<SqlValue>& values) {
  int index = 0;
  for (const SqlValue& value : values) {
    ++index;
    if (const auto* number = std::get_if<int64_t>(&value))
      statement.BindInt(index, *number);
    else if (const auto* text = std::get_if<std::string>(&value))
      statement.BindText(index, *text);
    else if (const auto* bytes = std::get_if<SqlBytes>(&value))
      statement.BindBlob(index, bytes->bytes);
    else
      statement.BindNull(index);
  }
}

}  // namespace

StatusOr<std::vector<SqlRow>> SqliteSession::Run(std::string_view sql, const SqlArgs& args) {
  // ?1 is what PostgreSQL writes $1; neither stands in any of our literals.
  std::string text(sql);
  std::replace(text.begin(), text.end(), '$', '?');
  ASSIGN_OR_RETURN(SqliteStatement statement, db_.Prepare(text));
  Bind(statement, args.values());
  std::vector<SqlRow> rows;
  for (;;) {
    ASSIGN_OR_RETURN(const bool found, statement.Step());
    if (!found) return rows;
    std::vector<SqlValue> values;
    values.reserve(static_cast<size_t>(statement.columns()));
    for (int i = 0; i < statement.columns(); ++i) values.push_back(ValueOf(statement, i));
    rows.emplace_back(std::move(values));
  }
}

}  // namespace drift::ledger
