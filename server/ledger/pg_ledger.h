// The ledger in a schema of a PostgreSQL database (docs/ledger.md).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/rng.h"
#include "ledger/pg_commit.h"
#include "ledger/pg_lock.h"
#include "ledger/pg_scan.h"
#include "ledger/pg_schema.h"
#include "ledger/sql_ledger.h"
#include "net/pg_pool.h"

namespace drift::ledger {

struct PgLedgerOptions {
  std::string schema = "drift";
  // Of one statement; those over a whole target may take longer.
  std::chrono::milliseconds call_timeout{30'000};
  std::span<const PgMigration> migrations = PgMigrations();
};

// Keeps nothing of the tables in memory but what never changes of a target. A few connections; when
// the server goes away, calls are kUnavailable until it is back.
class PgLedger : public SqlLedger {
 public:
  // `connect`: host, user and the like (PgOptionsFromUri).
  static StatusOr<std::unique_ptr<PgLedger>> Open(const PgOptions& connect, Clock& clock, Rng& rng,
                                                  const PgLedgerOptions& options = {});

  Status Ping() override;

  StatusOr<Target> OpenTarget(const TargetKey& key) override;
  Status ClearTarget(int64_t target_id) override;

  StatusOr<std::vector<RowState>> LoadRows(int64_t target_id,
                                           std::span<const std::string> keys) override;
  StatusOr<std::vector<RowHead>> ScanRows(int64_t target_id, const std::string& after_key,
                                          size_t limit) override;
  StatusOr<std::vector<TextMatch>> FindTexts(const std::string& fingerprint, int32_t dimensions,
                                             std::span<const Sha256Digest> texts,
                                             int64_t preferred_target) override;
  Status Adopt(int64_t target_id, std::span<const AdoptedPoint> points) override;
  Status DropAdopted(int64_t target_id) override;

  Status Commit(const CommitBatch& batch) override;

  StatusOr<ProvenancePage> FindProvenance(const ProvenanceFilter& filter) override;

 private:
  PgLedger(PgOptions session, std::unique_ptr<PgLedgerLock> lock, Clock& clock);

  StatusOr<PgPool::Lease> Connect();
  Status Read(const Work& work) override;
  Status Write(const Work& work) override;
  Status WriteAlone(const Work& work) override;
  // The same for work on a whole target, which may take long.
  Status WriteLong(const Work& work);
  Status WriteOnce(const Work& work, std::chrono::milliseconds call_timeout);
  Status CheckTarget(int64_t target_id) override;
  Status Revive(SqlSession& session, int64_t target_id, std::span<const std::string> keys) override;
  // What they point to lives as long as the ledger. The first may need a connection; who has one
  // already asks the second.
  StatusOr<const PgTarget*> FindTargetById(int64_t target_id) EXCLUDES(mu_);
  StatusOr<const PgTarget*> FindTargetById(SqlSession& session, int64_t target_id) EXCLUDES(mu_);
  const PgTarget* KnownTarget(int64_t target_id) EXCLUDES(mu_);

  Clock& clock_;
  PgPool pool_;
  PgScans scans_;
  const std::unique_ptr<PgLedgerLock> lock_;
  Mutex mu_;
  std::map<int64_t, PgTarget> targets_ GUARDED_BY(mu_);  // those asked for so far
};

}  // namespace drift::ledger
