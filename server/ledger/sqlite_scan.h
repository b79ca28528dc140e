// Rows of a target in the order of their keys.
//
// There is no index over keys: it would cost 30 bytes a row and a random page for each row written,
// for a scan that happens once per snapshot. The first page of a scan sorts (on disk when it is
// large), and the sorted rows are kept for the pages that follow.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "core/ledger_types.h"
#include "ledger/sqlite_file.h"

namespace drift::ledger {

// Safe for concurrent use.
class SqliteScans {
 public:
  SqliteScans(const SqliteReaders& readers, Clock& clock) : readers_(readers), clock_(clock) {}

  // A page that goes on where the last one of the target ended shows the rows as they were when the
  // scan began.
  StatusOr<std::vector<RowHead>> Page(int64_t target_id, const std::string& after_key, size_t limit)
      EXCLUDES(mu_);

  // Ends scans that nobody has asked to go on for a while: they keep the log from being emptied.
  void CloseIdle() EXCLUDES(mu_);
  void Close(int64_t target_id) EXCLUDES(mu_);

 private:
  struct Scan {
    std::unique_ptr<SqliteDatabase> db;
    std::string from;  // bound to the statement
    std::unique_ptr<SqliteStatement> rows;
    std::string after_key;  // what the next page must ask for
    MonoTime used;
  };
  StatusOr<std::unique_ptr<Scan>> Begin(int64_t target_id, const std::string& after_key) const;

  const SqliteReaders& readers_;
  Clock& clock_;
  Mutex mu_;
  std::map<int64_t, std::unique_ptr<Scan>> scans_ GUARDED_BY(mu_);  // by target
};

}  // namespace drift::ledger
