#include "ledger/sqlite_ledger.h"

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
  out.cache_bytes = 8 << 20;
  // 32 MiB of log: pages that change again and again are copied into the file once in a while.
  out.checkpoint_pages = 8192;
  out.max_pages = options.max_pages;
  return out;
}

SqliteOptions SqliteLedger::ReaderOptions() {
  SqliteOptions out;
  out.create = false;
  out.cache_bytes = 4 << 20;
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
  scans_.CloseIdle();
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

}  // namespace drift::ledger
