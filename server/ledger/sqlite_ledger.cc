#include "ledger/sqlite_ledger.h"

#include <algorithm>
#include <optional>

#include "base/failpoint.h"
#include "ledger/codec.h"
#include "ledger/sqlite_commit.h"
#include "ledger/sqlite_lookup.h"
#include "ledger/sqlite_session.h"
#include "ledger/stage_table.h"
#include "ledger/target_table.h"

namespace drift::ledger {
namespace {

using Kind = SqliteTransaction::Kind;

void Nothing() {}

}  // namespace

// -- opening --------------------------------------------------------------------------------------

SqliteOptions SqliteLedger::WriterOptions(const SqliteLedgerOptions& options) {
  SqliteOptions out;
  out.cache_bytes = 32 << 20;
  // 32 MiB of log: pages that change again and again are copied into the file once in a while.
  out.checkpoint_pages = 8192;
  out.max_pages = options.max_pages;
  return out;
}

SqliteOptions SqliteLedger::ReaderOptions() {
  SqliteOptions out;
  out.create = false;
  out.cache_bytes = 8 << 20;
  return out;
}

StatusOr<std::unique_ptr<SqliteLedger>> SqliteLedger::Open(const std::string& path, Clock& clock,
                                                           Rng& rng,
                                                           const SqliteLedgerOptions& options) {
  RETURN_IF_ERROR(MakeParentFolder(path));
  ASSIGN_OR_RETURN(SqliteFileLock lock, SqliteFileLock::Take(path));
  ASSIGN_OR_RETURN(auto db, SqliteDatabase::Open(path, WriterOptions(options)));
  RETURN_IF_ERROR(MigrateSqlite(*db, options.migrations, clock, rng));
  SqliteDatabase& writer = *db;
  std::unique_ptr<SqliteLedger> ledger(new SqliteLedger(
      std::move(lock), std::move(db), new SqliteReaders(path, ReaderOptions()), clock));
  RETURN_IF_ERROR(ledger->Load(writer));
  return ledger;
}

SqliteLedger::SqliteLedger(SqliteFileLock lock, std::unique_ptr<SqliteDatabase> db,
                           SqliteReaders* readers, Clock& clock)
    : lock_(std::move(lock)),
      clock_(clock),
      readers_(readers),
      writer_(std::move(db)),
      scans_(*readers_, clock) {}

Status SqliteLedger::Load(SqliteDatabase& db) {
  SqliteSession session(db);
  ASSIGN_OR_RETURN(const auto id, session.RunOne("SELECT id FROM ledger", SqlArgs()));
  if (!id) return DataLoss("{}: the ledger has no id", db.path());
  id_ = id->Text(0);
  RETURN_IF_ERROR(LoadSpaces(db));
  RETURN_IF_ERROR(LoadTargets(db));
  return RememberOrphans(session);
}

Status SqliteLedger::LoadSpaces(SqliteDatabase& db) {
  SqliteSession session(db);
  ASSIGN_OR_RETURN(const auto rows,
                   session.Run("SELECT id, fingerprint, dimensions FROM spaces", SqlArgs()));
  for (const SqlRow& row : rows) {
    auto texts = std::make_shared<HashIndex>(TextsTable(row.Int(0)), pending_);
    RETURN_IF_ERROR(texts->Load(db));
    MutexLock lock(mu_);
    spaces_.emplace(SpaceKey(row.Text(1), row.Int32(2)), Space{row.Int(0), std::move(texts)});
  }
  return OkStatus();
}

Status SqliteLedger::LoadTargets(SqliteDatabase& db) {
  SqliteSession session(db);
  ASSIGN_OR_RETURN(const std::vector<Target> targets, AllTargets(session));
  for (const Target& target : targets) {
    ASSIGN_OR_RETURN(const int64_t space,
                     MakeSpace(db, SpaceKey(target.key.fingerprint, target.key.dimensions)));
    Remember(target, space);
    SqliteTarget* stored = TargetById(target.id);
    RETURN_IF_ERROR(stored->points.Load(db));
    RETURN_IF_ERROR(stored->deleted_points.Load(db));
    ASSIGN_OR_RETURN(const auto adopted,
                     session.RunOne("SELECT 1 FROM sqlite_schema WHERE name = $1",
                                    SqlArgs(AdoptedTable(target.id))));
    MutexLock lock(mu_);
    if (adopted) adopted_.insert(target.id);
  }
  return OkStatus();
}

void SqliteLedger::Remember(const Target& target, int64_t space_id) {
  const SpaceKey key(target.key.fingerprint, target.key.dimensions);
  MutexLock lock(mu_);
  if (targets_.contains(target.id)) return;
  if (!spaces_.contains(key)) {
    spaces_.emplace(key,
                    Space{space_id, std::make_shared<HashIndex>(TextsTable(space_id), pending_)});
  }
  targets_.emplace(target.id, std::make_unique<SqliteTarget>(target.id, target.key.pipeline,
                                                             spaces_.at(key).texts, pending_));
}

SqliteTarget* SqliteLedger::TargetById(int64_t id) const {
  MutexLock lock(mu_);
  const auto found = targets_.find(id);
  return found == targets_.end() ? nullptr : found->second.get();
}

// -- transactions ---------------------------------------------------------------------------------

Status SqliteLedger::Read(const Work& work) {
  ASSIGN_OR_RETURN(const SqliteReaders::Lease db, readers_->Acquire());
  ASSIGN_OR_RETURN(const SqliteTransaction snapshot, SqliteTransaction::Begin(*db, Kind::kRead));
  SqliteSession session(*db);
  return work(session);
}

Status SqliteLedger::Write(const Work& work) {
  const auto run = [&](SqliteDatabase& db) {
    SqliteSession session(db);
    return work(session);
  };
  return writer_.Write(SqliteWriter::kAnyLane, run, Nothing);
}

Status SqliteLedger::WriteAlone(const Work& work) {
  return WriteAlone(
      [&](SqliteDatabase& db) {
        SqliteSession session(db);
        return work(session);
      },
      Nothing);
}

Status SqliteLedger::CheckTarget(int64_t target_id) {
  return TargetById(target_id) == nullptr ? NoSuchTarget(target_id) : OkStatus();
}

Status SqliteLedger::WriteAlone(const std::function<Status(SqliteDatabase&)>& work,
                                const std::function<void()>& committed) {
  return writer_.Write(SqliteWriter::kAlone, work, committed);
}

Status SqliteLedger::Ping() {
  const WallTime now = clock_.Now();
  return Write([&](SqlSession& session) {
    return session.Do("UPDATE ledger SET pinged_at = $1", SqlArgs(now));
  });
}

// -- targets --------------------------------------------------------------------------------------

StatusOr<int64_t> SqliteLedger::MakeSpace(SqliteDatabase& db, const SpaceKey& key) const {
  SqliteSession session(db);
  const SqlArgs args(key.first, key.second);
  ASSIGN_OR_RETURN(
      auto row,
      session.RunOne("SELECT id FROM spaces WHERE fingerprint = $1 AND dimensions = $2", args));
  if (row) return row->Int(0);
  ASSIGN_OR_RETURN(row, session.RunOne("INSERT INTO spaces (fingerprint, dimensions)"
                                       " VALUES ($1, $2) RETURNING id",
                                       args));
  RETURN_IF_ERROR(CreateSpaceTable(db, row->Int(0)));
  return row->Int(0);
}

StatusOr<Target> SqliteLedger::OpenTarget(const TargetKey& key) {
  Target target;
  int64_t space = 0;
  const auto work = [&](SqliteDatabase& db) -> Status {
    SqliteSession session(db);
    ASSIGN_OR_RETURN(auto found, ledger::FindTarget(session, key, /*any_fingerprint=*/false));
    ASSIGN_OR_RETURN(space, MakeSpace(db, SpaceKey(key.fingerprint, key.dimensions)));
    if (found) {
      target = *std::move(found);
      return OkStatus();
    }
    ASSIGN_OR_RETURN(target, AddTarget(session, key));
    return CreateTargetTables(db, target.id);
  };
  RETURN_IF_ERROR(WriteAlone(work, [&] { Remember(target, space); }));
  return target;
}

Status SqliteLedger::ClearTarget(int64_t target_id) {
  SqliteTarget* target = TargetById(target_id);
  if (target == nullptr) return NoSuchTarget(target_id);
  scans_.Close(target_id);
  int64_t texts_left = 0;
  const auto work = [&](SqliteDatabase& db) -> Status {
    SqliteSession session(db);
    RETURN_IF_ERROR(ForgetRows(session, target_id));
    RETURN_IF_ERROR(ForgetStages(session, target_id));
    RETURN_IF_ERROR(
        session.Do("DELETE FROM dead_letters WHERE target_id = $1", SqlArgs(target_id)));
    RETURN_IF_ERROR(
        session.Do("DELETE FROM index_log WHERE name = $1", SqlArgs(target->points.table())));
    RETURN_IF_ERROR(RecreateRowTables(db, target_id));
    RETURN_IF_ERROR(db.Execute("DROP TABLE IF EXISTS " + AdoptedTable(target_id)));
    // The index over texts is shared with other targets.
    const std::string& texts = target->texts->table();
    RETURN_IF_ERROR(target->texts->MergeAll(db));
    RETURN_IF_ERROR(session.Do("DELETE FROM " + texts + " WHERE owner = $1", SqlArgs(target_id)));
    ASSIGN_OR_RETURN(texts_left, db.QueryInt("SELECT count(*) FROM " + texts));
    return session.Do("UPDATE index_sizes SET entries = $1 WHERE name = $2",
                      SqlArgs(texts_left, texts));
  };
  return WriteAlone(work, [&] {
    recent_.Forget(target_id, target->commits);
    target->points.Emptied(0);
    target->texts->Emptied(texts_left);
    MutexLock lock(mu_);
    adopted_.erase(target_id);
  });
}

// -- rows -----------------------------------------------------------------------------------------

StatusOr<std::vector<RowState>> SqliteLedger::LoadRows(int64_t target_id,
                                                       std::span<const std::string> keys) {
  const SqliteTarget* target = TargetById(target_id);
  if (target == nullptr) return NoSuchTarget(target_id);
  const uint64_t commits = target->commits.load();
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const std::vector<KeyPlace> places = PlacesOf(*target, views);
  RowFinder finder(*target, places);
  ASSIGN_OR_RETURN(const SqliteReaders::Lease db, readers_->Acquire());
  ASSIGN_OR_RETURN(const SqliteTransaction snapshot, SqliteTransaction::Begin(*db, Kind::kRead));
  std::vector<RowState> out;
  std::vector<RecentRows::Place> recent;
  recent.reserve(2 * places.size());
  // All are absent, but for those that are found after.
  for (const KeyPlace& place : places) recent.push_back({place.point, 0});
  RETURN_IF_ERROR(finder.Find(*db, [&](const KeyPlace& place, StoredRow row) {
    recent.push_back({place.point, row.id});
    out.push_back(std::move(row.state));
  }));
  recent_.Learn(target_id, recent, target->commits, commits);
  return out;
}

StatusOr<std::vector<RowHead>> SqliteLedger::ScanRows(int64_t target_id,
                                                      const std::string& after_key, size_t limit) {
  if (TargetById(target_id) == nullptr) return NoSuchTarget(target_id);
  return scans_.Page(target_id, after_key, limit);
}

StatusOr<std::vector<TextMatch>> SqliteLedger::FindTexts(const std::string& fingerprint,
                                                         int32_t dimensions,
                                                         std::span<const Sha256Digest> texts,
                                                         int64_t preferred_target) {
  std::shared_ptr<HashIndex> index;
  std::vector<int64_t> adopted;
  {
    MutexLock lock(mu_);
    const auto space = spaces_.find(SpaceKey(fingerprint, dimensions));
    if (space == spaces_.end()) return std::vector<TextMatch>();
    index = space->second.texts;
    for (const int64_t target : adopted_) {
      if (targets_.at(target)->texts == index) adopted.push_back(target);
    }
  }
  SqliteTextFinder finder(
      *index, [this](int64_t id) { return TargetById(id); }, std::move(adopted), preferred_target);
  return finder.Find(*readers_, texts);
}

Status SqliteLedger::Adopt(int64_t target_id, std::span<const AdoptedPoint> points) {
  if (TargetById(target_id) == nullptr) return NoSuchTarget(target_id);
  const std::string table = AdoptedTable(target_id);
  const auto work = [&](SqliteDatabase& db) -> Status {
    RETURN_IF_ERROR(db.Execute(
        fmt::format("CREATE TABLE IF NOT EXISTS {} (text BLOB PRIMARY KEY, point BLOB NOT NULL)"
                    " WITHOUT ROWID",
                    table)));
    ASSIGN_OR_RETURN(SqliteStatement insert,
                     db.Prepare(fmt::format("INSERT OR REPLACE INTO {} VALUES (?, ?)", table)));
    for (const AdoptedPoint& point : points) {
      RETURN_IF_ERROR(
          insert.RunWith(SqliteBlob{View(point.text_sha256)}, SqliteBlob{point.point_id.view()}));
    }
    return OkStatus();
  };
  return WriteAlone(work, [&] {
    MutexLock lock(mu_);
    adopted_.insert(target_id);
  });
}

Status SqliteLedger::DropAdopted(int64_t target_id) {
  const auto work = [&](SqliteDatabase& db) {
    return db.Execute("DROP TABLE IF EXISTS " + AdoptedTable(target_id));
  };
  return WriteAlone(work, [&] {
    MutexLock lock(mu_);
    adopted_.erase(target_id);
  });
}

// -- the protocol of a batch ----------------------------------------------------------------------

Status SqliteLedger::Commit(const CommitBatch& batch) {
  SqliteTarget* target = TargetById(batch.target_id);
  if (target == nullptr) return NoSuchTarget(batch.target_id);
  const int64_t orphans_until = OrphansUntil(batch.target_id);
  int64_t lane = 0;
  {
    MutexLock lock(mu_);
    // Targets of one space share the index over texts, which one commit at a time may write.
    for (const auto& [key, space] : spaces_) {
      if (space.texts == target->texts) lane = space.id;
    }
  }
  std::optional<SqliteCommit> commit;
  const auto work = [&](SqliteDatabase& db) {
    commit.emplace(*target, recent_, batch, orphans_until);
    return commit->Run(db);
  };
  RETURN_IF_ERROR(writer_.Write(lane, work, [&] { commit->Committed(); }));
  Failpoint("ledger-committed");
  scans_.CloseIdle();
  return OkStatus();
}

// -- lineage --------------------------------------------------------------------------------------

StatusOr<std::vector<Target>> SqliteLedger::TargetsFor(SqliteDatabase& db,
                                                       const std::string& pipeline) const {
  SqliteSession session(db);
  return pipeline.empty() ? AllTargets(session) : ledger::TargetsOf(session, pipeline);
}

StatusOr<ProvenancePage> SqliteLedger::FindProvenance(const ProvenanceFilter& filter) {
  if (filter.point_id || !filter.keys.empty()) return FindPoints(filter);
  ASSIGN_OR_RETURN(const SqliteReaders::Lease db, readers_->Acquire());
  ASSIGN_OR_RETURN(const SqliteTransaction snapshot, SqliteTransaction::Begin(*db, Kind::kRead));
  ASSIGN_OR_RETURN(const std::vector<Target> targets, TargetsFor(*db, filter.pipeline));
  return ListPage(targets, filter,
                  [&](const Target& target, bool deleted, int64_t from,
                      int64_t limit) -> StatusOr<std::vector<StoredRecords>> {
                    const SqliteTarget* stored = TargetById(target.id);
                    if (stored == nullptr) return std::vector<StoredRecords>();
                    return SqliteProvenance::Load(*db, *stored, target, deleted, from, limit);
                  });
}

StatusOr<ProvenancePage> SqliteLedger::FindPoints(const ProvenanceFilter& filter) {
  ASSIGN_OR_RETURN(const SqliteReaders::Lease db, readers_->Acquire());
  ASSIGN_OR_RETURN(const std::vector<Target> targets, TargetsFor(*db, filter.pipeline));
  const std::set<std::string_view> keys(filter.keys.begin(), filter.keys.end());
  const auto wanted = [&](std::string_view key) { return keys.empty() || keys.contains(key); };
  std::vector<std::pair<const Target*, SqliteProvenance>> finders;
  for (const Target& target : targets) {
    const SqliteTarget* stored = TargetById(target.id);
    if (stored == nullptr) continue;
    std::vector<int64_t> hashes;
    if (filter.point_id)
      hashes.push_back(PointHash(*filter.point_id));
    else
      for (const std::string_view key : keys) hashes.push_back(KeyHash(target.key.pipeline, key));
    std::sort(hashes.begin(), hashes.end());
    finders.emplace_back(&target, SqliteProvenance(*stored, std::move(hashes)));
  }
  ASSIGN_OR_RETURN(const SqliteTransaction snapshot, SqliteTransaction::Begin(*db, Kind::kRead));
  std::vector<ProvenanceRecord> records;
  for (auto& [target, finder] : finders) {
    RETURN_IF_ERROR(finder.Find(*db, *target, wanted, filter.point_id, records));
  }
  return CutPage(std::move(records), filter);
}

Status SqliteLedger::Revive(SqlSession& session, int64_t target_id,
                            std::span<const std::string> keys) {
  SqliteDatabase& db = static_cast<SqliteSession&>(session).db();
  const SqliteTarget* target = TargetById(target_id);
  if (target == nullptr) return OkStatus();
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  RowFinder finder(*target, PlacesOf(*target, views));
  std::vector<int64_t> ids;
  RETURN_IF_ERROR(
      finder.Find(db, [&](const KeyPlace&, const StoredRow& row) { ids.push_back(row.id); }));
  ASSIGN_OR_RETURN(SqliteStatement revive, db.Prepare(target->revive_row));
  for (const int64_t id : ids) RETURN_IF_ERROR(revive.RunWith(id));
  return OkStatus();
}

}  // namespace drift::ledger
