#include "ledger/pg_session.h"

namespace drift::ledger {
namespace {

// Statements with more have lists in them, of many lengths.
constexpr size_t kMaxKeptParams = 48;

PgParams ParamsOf(const SqlArgs& args) {
  PgParams params;
  for (const SqlValue& value : args.values()) {
    if (const auto* number = std::get_if<int64_t>(&value)) {
      params.Int(*number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      params.Text(*text);
    } else if (const auto* bytes = std::get_if<SqlBytes>(&value)) {
      params.Bytes(bytes->bytes);
    } else {
      params.Null(PgType::kUnknown);
    }
  }
  return params;
}

SqlValue ValueOf(const PgResult& result, int row, int column) {
  if (result.IsNull(row, column)) return SqlValue();
  switch (result.type(column)) {
    case PgType::kInt8:
    case PgType::kInt4:
      return result.Int(row, column);
    case PgType::kBool:
      return int64_t{result.Bool(row, column)};
    case PgType::kBytes:
      return SqlBytes{result.String(row, column)};
    default:
      return result.String(row, column);
  }
}

}  // namespace

StatusOr<std::vector<SqlRow>> PgSession::Run(std::string_view sql, const SqlArgs& args) {
  const PgParams params = ParamsOf(args);
  ASSIGN_OR_RETURN(const PgResult result, params.size() <= kMaxKeptParams
                                              ? pg_.Execute(sql, params, {})
                                              : pg_.ExecuteOnce(sql, params, {}));
  std::vector<SqlRow> rows;
  for (int i = 0; i < result.rows(); ++i) {
    std::vector<SqlValue> values;
    values.reserve(static_cast<size_t>(result.columns()));
    for (int column = 0; column < result.columns(); ++column) {
      values.push_back(ValueOf(result, i, column));
    }
    rows.emplace_back(std::move(values));
  }
  return rows;
}

}  // namespace drift::ledger
