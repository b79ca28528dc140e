// The ledger in one SQLite file (docs/ledger.md).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/rng.h"
#include "ledger/provenance.h"
#include "ledger/recent_rows.h"
#include "ledger/sql_ledger.h"
#include "ledger/sqlite_file.h"
#include "ledger/sqlite_rows.h"
#include "ledger/sqlite_scan.h"
#include "ledger/sqlite_schema.h"

namespace drift::ledger {

struct SqliteLedgerOptions {
  int64_t max_pages = 0;  // of 4 KiB, for tests of a full disk; 0: no limit
  std::span<const SqliteMigration> migrations = SqliteMigrations();
};

// One writer, which groups what comes at the same time, and a few readers. What is kept in memory
// of the tables is small and can be read again: the targets, and what their indexes have pending.
class SqliteLedger : public SqlLedger {
 public:
  // `path`: absolute.
  static StatusOr<std::unique_ptr<SqliteLedger>> Open(const std::string& path, Clock& clock,
                                                      Rng& rng,
                                                      const SqliteLedgerOptions& options = {});

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
  // One vector space: model fingerprint and dimensions.
  struct Space {
    int64_t id;
    std::shared_ptr<HashIndex> texts;
  };
  using SpaceKey = std::pair<std::string, int32_t>;

  SqliteLedger(SqliteFileLock lock, std::unique_ptr<SqliteDatabase> db, SqliteReaders* readers,
               Clock& clock);
  static SqliteOptions WriterOptions(const SqliteLedgerOptions& options);
  static SqliteOptions ReaderOptions();

  Status Read(const Work& work) override;
  Status Write(const Work& work) override;
  Status WriteAlone(const Work& work) override;
  Status WriteAlone(const std::function<Status(SqliteDatabase&)>& work,
                    const std::function<void()>& committed);
  Status CheckTarget(int64_t target_id) override;
  Status Revive(SqlSession& session, int64_t target_id, std::span<const std::string> keys) override;

  Status Load(SqliteDatabase& db);
  Status LoadSpaces(SqliteDatabase& db);
  Status LoadTargets(SqliteDatabase& db);
  StatusOr<int64_t> MakeSpace(SqliteDatabase& db, const SpaceKey& key) const;
  void Remember(const Target& target, int64_t space_id) EXCLUDES(mu_);
  // Null: not there. What it points to lives as long as the ledger.
  SqliteTarget* TargetById(int64_t id) const EXCLUDES(mu_);
  StatusOr<std::vector<Target>> TargetsFor(SqliteDatabase& db, const std::string& pipeline) const;
  StatusOr<ProvenancePage> FindPoints(const ProvenanceFilter& filter);

  const SqliteFileLock lock_;
  Clock& clock_;
  PendingCount pending_ = 0;
  RecentRows recent_;
  const std::unique_ptr<SqliteReaders> readers_;
  SqliteWriter writer_;
  SqliteScans scans_;

  mutable Mutex mu_;
  std::map<SpaceKey, Space> spaces_ GUARDED_BY(mu_);
  std::map<int64_t, std::unique_ptr<SqliteTarget>> targets_ GUARDED_BY(mu_);
  std::set<int64_t> adopted_ GUARDED_BY(mu_);  // targets that have adopted points
};

}  // namespace drift::ledger
