#include <algorithm>
#include <optional>

#include "base/failpoint.h"
#include "core/key.h"
#include "ledger/codec.h"
#include "ledger/sqlite_commit.h"
#include "ledger/sqlite_ledger.h"
#include "ledger/sqlite_lookup.h"
#include "ledger/sqlite_session.h"
#include "ledger/target_table.h"

namespace drift::ledger {

// -- rows -----------------------------------------------------------------------------------------

StatusOr<std::vector<RowState>> SqliteLedger::LoadRows(int64_t target_id,
                                                       std::span<const std::string> keys) {
  const SqliteTarget* target = TargetById(target_id);
  if (target == nullptr) return NoSuchTarget(target_id);
  const uint64_t commits = target->commits.load();
  std::vector<std::string_view> left(keys.begin(), keys.end());
  std::vector<RowState> out;
  std::vector<RecentRows::Place> recent;
  ASSIGN_OR_RETURN(const SqliteReaders::Lease db, readers_->Acquire());
  {
    ASSIGN_OR_RETURN(const SqliteTransaction snapshot,
                     SqliteTransaction::Begin(*db, SqliteTransaction::Kind::kRead));
    ASSIGN_OR_RETURN(left, WalkRows(*db, *target, left, [&](StoredRow row) {
                       recent.push_back({PointId(target->pipeline, row.state.key, 0), row.id});
                       out.push_back(std::move(row.state));
                     }));
  }
  // By the index, which has to be asked before the transaction begins.
  const std::vector<KeyPlace> places = PlacesOf(*target, left);
  RowFinder finder(*target, places);
  ASSIGN_OR_RETURN(const SqliteTransaction snapshot,
                   SqliteTransaction::Begin(*db, SqliteTransaction::Kind::kRead));
  // All are absent, but for those that are found after.
  for (const KeyPlace& place : places) recent.push_back({place.point, 0});
  RETURN_IF_ERROR(finder.Find(*db, [&](const KeyPlace& place, StoredRow row) {
    recent.push_back({place.point, row.id});
    if (!keys.empty() && place.key == keys.back()) target->hint.next_row = row.id + 1;
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
  ASSIGN_OR_RETURN(const SqliteTransaction snapshot,
                   SqliteTransaction::Begin(*db, SqliteTransaction::Kind::kRead));
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
  ASSIGN_OR_RETURN(const SqliteTransaction snapshot,
                   SqliteTransaction::Begin(*db, SqliteTransaction::Kind::kRead));
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
