// A transaction in SQLite as a SqlSession.
#pragma once

#include "ledger/sql.h"
#include "net/sqlite.h"

namespace drift::ledger {

class SqliteSession : public SqlSession {
 public:
  explicit SqliteSession(SqliteDatabase& db) : db_(db) {}
  SqliteDatabase& db() { return db_; }
  StatusOr<std::vector<SqlRow>> Run(std::string_view sql, const SqlArgs& args) override;

 private:
  SqliteDatabase& db_;
};

}  // namespace drift::ledger
