// Marks a ledger in PostgreSQL as in use by this daemon, and keeps a daemon that has lost it from
// writing.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "net/pg.h"

namespace drift::ledger {

// Two things together:
//   - an advisory lock, held by a connection of its own whose name says which process it is. A
//     second daemon is told so. When that connection is lost (the server was restarted), so is the
//     lock, and it is taken again before the next write.
//   - an epoch in the ledger, which each daemon raises when it takes the ledger over and which each
//     transaction that writes compares with its own. So a daemon that has not noticed yet that its
//     lock is lost cannot write beside the next one, and one that gets the lock back after another
//     daemon has had it does not go on with what it remembers.
// Safe for concurrent use.
class PgLedgerLock {
 public:
  // `schema` of the ledger (unquoted): one database may hold several. `options`: of connections to
  // it (SessionOptions).
  PgLedgerLock(PgOptions options, const std::string& schema, Clock& clock);

  // Takes the lock. kFailedPrecondition LEDGER_IN_USE names the process that holds it.
  Status Take() EXCLUDES(mu_);
  // Raises the epoch. REQUIRES: Take() was OK, and the ledger's tables are there. Waits until what
  // the daemon before had begun to write is over.
  Status Claim() EXCLUDES(mu_);

  // Begins a transaction that writes. kFailedPrecondition LEDGER_IN_USE: another daemon has taken
  // the ledger over; from then on every call says so. kUnavailable: the server is away.
  StatusOr<PgTransaction> Begin(PgConnection& pg) EXCLUDES(mu_);

 private:
  Status Hold() EXCLUDES(mu_);
  Status TakeLocked() REQUIRES(mu_);
  Status CheckEpoch(PgConnection& pg) REQUIRES(mu_);
  Status Lost(std::string_view owner) REQUIRES(mu_);
  StatusOr<bool> TryLock(PgConnection& pg) const;
  Status InUse(PgConnection& pg) const;

  const PgOptions options_;
  const int64_t lock_key_;
  const int64_t fence_key_;
  Clock& clock_;
  Mutex mu_;
  std::unique_ptr<PgConnection> pg_ GUARDED_BY(mu_);
  int64_t epoch_ GUARDED_BY(mu_) = 0;  // 0: not claimed yet
  Status lost_ GUARDED_BY(mu_);
};

// Options of every connection to a ledger in this schema. kInvalidArgument: the name cannot be one.
StatusOr<PgOptions> SessionOptions(PgOptions options, const std::string& schema);

}  // namespace drift::ledger
