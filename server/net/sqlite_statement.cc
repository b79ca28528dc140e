// A statement of net/sqlite.h: its parameters, its steps, its columns.
#include <sqlite3.h>

#include <utility>

#include "net/sqlite.h"

namespace drift {

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : db_(other.db_),
      statement_(std::exchange(other.statement_, nullptr)),
      lent_(other.lent_),
      bind_error_(other.bind_error_) {}

SqliteStatement::~SqliteStatement() {
  if (statement_ == nullptr) return;
  if (lent_ == nullptr) {
    sqlite3_finalize(statement_);
    return;
  }
  sqlite3_reset(statement_);
  // Bound text is not ours and dies now.
  sqlite3_clear_bindings(statement_);
  *lent_ = false;
}

void SqliteStatement::Remember(int code) {
  if (code != SQLITE_OK && bind_error_ == 0) bind_error_ = code;
}

void SqliteStatement::BindInt(int index, int64_t value) {
  Remember(sqlite3_bind_int64(statement_, index, value));
}

void SqliteStatement::BindReal(int index, double value) {
  Remember(sqlite3_bind_double(statement_, index, value));
}

void SqliteStatement::BindText(int index, std::string_view value) {
  // A null pointer would bind NULL, and an empty view may hold one.
  const char* data = value.data() == nullptr ? "" : value.data();
  Remember(sqlite3_bind_text64(statement_, index, data, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void SqliteStatement::BindBlob(int index, std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();
  Remember(sqlite3_bind_blob64(statement_, index, data, value.size(), SQLITE_STATIC));
}

void SqliteStatement::BindNull(int index) {
  Remember(sqlite3_bind_null(statement_, index));
}

StatusOr<bool> SqliteStatement::Step() {
  if (bind_error_ != 0) return db_->ToStatus(bind_error_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Status status = db_->ToStatus(code);
  Reset();
  return status;
}

Status SqliteStatement::Run() {
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) break;
  }
  Reset();
  return OkStatus();
}

void SqliteStatement::Reset() {
  sqlite3_reset(statement_);
  bind_error_ = 0;
}

int SqliteStatement::columns() const {
  return sqlite3_column_count(statement_);
}

SqliteType SqliteStatement::type(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      return SqliteType::kInteger;
    case SQLITE_FLOAT:
      return SqliteType::kReal;
    case SQLITE_TEXT:
      return SqliteType::kText;
    case SQLITE_BLOB:
      return SqliteType::kBlob;
    default:
      return SqliteType::kNull;
  }
}

bool SqliteStatement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t SqliteStatement::Int(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double SqliteStatement::Real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string_view SqliteStatement::Text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return {data,
          data == nullptr ? 0 : static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view SqliteStatement::Blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return {data,
          data == nullptr ? 0 : static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

}  // namespace drift
