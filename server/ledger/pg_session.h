// A transaction in PostgreSQL as a SqlSession.
#pragma once

#include "ledger/sql.h"
#include "net/pg.h"

namespace drift::ledger {

class PgSession : public SqlSession {
 public:
  explicit PgSession(PgConnection& pg) : pg_(pg) {}
  PgConnection& pg() { return pg_; }
  StatusOr<std::vector<SqlRow>> Run(std::string_view sql, const SqlArgs& args) override;

 private:
  PgConnection& pg_;
};

}  // namespace drift::ledger
