#include "ledger/sqlite_ledger.h"

#include <algorithm>
#include <optional>

#include "base/failpoint.h"
#include "ledger/codec.h"
#include "ledger/dead_letter_table.h"
#include "ledger/sqlite_commit.h"
#include "ledger/sqlite_lookup.h"
#include "ledger/sqlite_session.h"
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
  ASSIGN_OR_RETURN(const int64_t last, db.QueryInt("SELECT coalesce(max(id), 0) FROM stages"));
  MutexLock lock(mu_);
  first_orphans_ = last;
  return OkStatus();
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
    RETURN_IF_ERROR(session.Do("DELETE FROM stages WHERE target_id = $1", SqlArgs(target_id)));
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
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  RowFinder finder(*target, views);
  ASSIGN_OR_RETURN(const SqliteReaders::Lease db, readers_->Acquire());
  ASSIGN_OR_RETURN(const SqliteTransaction snapshot, SqliteTransaction::Begin(*db, Kind::kRead));
  std::vector<RowState> out;
  RETURN_IF_ERROR(finder.Find(
      *db, [&](std::string_view, StoredRow row) { out.push_back(std::move(row.state)); }));
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

StatusOr<std::vector<StagedKey>> SqliteLedger::LoadStages(int64_t target_id) {
  if (TargetById(target_id) == nullptr) return NoSuchTarget(target_id);
  std::vector<StagedKey> keys;
  int64_t last = 0;
  RETURN_IF_ERROR(Read([&](SqlSession& session) -> Status {
    ASSIGN_OR_RETURN(const auto rows,
                     session.Run("SELECT id, keys FROM stages WHERE target_id = $1 ORDER BY id",
                                 SqlArgs(target_id)));
    for (const SqlRow& row : rows) {
      last = row.Int(0);
      RETURN_IF_ERROR(DecodeStage(row.Bytes(1), keys));
    }
    return OkStatus();
  }));
  MutexLock lock(mu_);
  orphans_[target_id] = last;
  return MergeStages(std::move(keys));
}

StatusOr<int64_t> SqliteLedger::Stage(int64_t target_id, std::span<const StagedKey> keys) {
  if (TargetById(target_id) == nullptr) return NoSuchTarget(target_id);
  const std::string bytes = EncodeStage(keys);
  Guard newest;
  for (const StagedKey& key : keys) newest = std::max(newest, key.guard);
  int64_t id = 0;
  const auto work = [&](SqliteDatabase& db) -> Status {
    ASSIGN_OR_RETURN(SqliteStatement insert,
                     db.Prepare("INSERT INTO stages (target_id, revision, version, keys)"
                                " VALUES (?, ?, ?, ?)"));
    RETURN_IF_ERROR(insert.RunWith(target_id, newest.revision, newest.version, SqliteBlob{bytes}));
    id = db.last_insert_rowid();
    return OkStatus();
  };
  RETURN_IF_ERROR(writer_.Write(SqliteWriter::kAnyLane, work, Nothing));
  return id;
}

Status SqliteLedger::Commit(const CommitBatch& batch) {
  SqliteTarget* target = TargetById(batch.target_id);
  if (target == nullptr) return NoSuchTarget(batch.target_id);
  int64_t orphans_until = 0;
  int64_t lane = 0;
  {
    MutexLock lock(mu_);
    const auto known = orphans_.find(batch.target_id);
    orphans_until = known == orphans_.end() ? first_orphans_ : known->second;
    // Targets of one space share the index over texts, which one commit at a time may write.
    for (const auto& [key, space] : spaces_) {
      if (space.texts == target->texts) lane = space.id;
    }
  }
  std::optional<SqliteCommit> commit;
  const auto work = [&](SqliteDatabase& db) {
    commit.emplace(*target, batch, orphans_until);
    return commit->Run(db);
  };
  RETURN_IF_ERROR(writer_.Write(lane, work, [&] { commit->Committed(); }));
  Failpoint("ledger-committed");
  scans_.CloseIdle();
  return OkStatus();
}

// -- lineage, dead letters ------------------------------------------------------------------------

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

StatusOr<int64_t> SqliteLedger::DiscardDeadLetters(const DeadLetterFilter& filter) {
  int64_t count = 0;
  const auto work = [&](SqliteDatabase& db) -> Status {
    SqliteSession session(db);
    ASSIGN_OR_RETURN(const std::vector<ClosedLetter> closed, DiscardLetters(session, filter));
    count = static_cast<int64_t>(closed.size());
    std::map<int64_t, std::vector<std::string>> by_target;
    for (const ClosedLetter& letter : closed) by_target[letter.target_id].push_back(letter.key);
    for (const auto& [target_id, keys] : by_target) {
      RETURN_IF_ERROR(AddDeadLetters(session, target_id, -static_cast<int64_t>(keys.size())));
      ASSIGN_OR_RETURN(const auto without, KeysWithoutLetters(session, target_id, keys));
      RETURN_IF_ERROR(Revive(db, target_id, without));
    }
    return OkStatus();
  };
  RETURN_IF_ERROR(WriteAlone(work, Nothing));
  return count;
}

// The row is known and has no points, and is not dead any more: its letter is gone.
Status SqliteLedger::Revive(SqliteDatabase& db, int64_t target_id,
                            std::span<const std::string> keys) {
  const SqliteTarget* target = TargetById(target_id);
  if (target == nullptr) return OkStatus();
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  RowFinder finder(*target, views);
  std::vector<int64_t> ids;
  RETURN_IF_ERROR(
      finder.Find(db, [&](std::string_view, const StoredRow& row) { ids.push_back(row.id); }));
  ASSIGN_OR_RETURN(SqliteStatement revive, db.Prepare(target->revive_row));
  for (const int64_t id : ids) RETURN_IF_ERROR(revive.RunWith(id));
  return OkStatus();
}

}  // namespace drift::ledger
