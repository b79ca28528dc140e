// Rows of a target in the order of their keys, from PostgreSQL.
//
// No index holds keys (docs/ledger.md). The first page of a scan sorts, on the server's disk when
// there are many, and a cursor in a transaction of its own keeps the sorted rows for the pages that
// follow.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "core/ledger_types.h"
#include "net/pg.h"

namespace drift::ledger {

// Safe for concurrent use.
class PgScans {
 public:
  // `options`: of connections to the ledger. A scan has one of its own.
  PgScans(PgOptions options, Clock& clock);

  // A page that goes on where the last one of the target ended shows the rows as they were when the
  // scan began, unless the connection was lost in between.
  StatusOr<std::vector<RowHead>> Page(int64_t target_id, const std::string& after_key, size_t limit)
      EXCLUDES(mu_);

  // Ends scans that nobody has asked to go on for a while: the server must keep old rows for them.
  void CloseIdle() EXCLUDES(mu_);
  void Close(int64_t target_id) EXCLUDES(mu_);

 private:
  struct Scan {
    std::unique_ptr<PgConnection> pg;
    std::string after_key;  // what the next page must ask for
    MonoTime used;
  };
  std::unique_ptr<Scan> Resume(int64_t target_id, const std::string& after_key) EXCLUDES(mu_);
  StatusOr<std::unique_ptr<Scan>> Begin(int64_t target_id, const std::string& after_key) const;
  static StatusOr<std::vector<RowHead>> Fetch(PgConnection& pg, size_t limit);

  const PgOptions options_;
  Clock& clock_;
  Mutex mu_;
  std::map<int64_t, std::unique_ptr<Scan>> scans_ GUARDED_BY(mu_);  // by target
};

}  // namespace drift::ledger
