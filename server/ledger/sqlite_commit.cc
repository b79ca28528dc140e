#include "ledger/sqlite_commit.h"

#include <algorithm>

#include "base/failpoint.h"
#include "core/key.h"
#include "ledger/codec.h"
#include "ledger/dead_letter_table.h"
#include "ledger/request_table.h"
#include "ledger/run_table.h"
#include "ledger/sqlite_session.h"
#include "ledger/stage_table.h"

namespace drift::ledger {

Status SqliteCommit::Run(SqliteDatabase& db) {
  Failpoint("ledger-commit-begin");
  SqliteSession session(db);
  ASSIGN_OR_RETURN(const CommitBase base, LockTarget(session, target_.id, ""));
  delta_.digest = CommitDigest(batch_);
  // The same batch again: its first answer was lost on the way.
  if (base.last_commit == delta_.digest) return OkStatus();
  ASSIGN_OR_RETURN(run_, AdvanceRun(session, batch_));
  return Apply(db, base);
}

Status SqliteCommit::Apply(SqliteDatabase& db, const CommitBase& base) {
  SqliteSession session(db);
  RETURN_IF_ERROR(NumberCommit(db));
  RETURN_IF_ERROR(LoadRows(db));
  RETURN_IF_ERROR(ApplyUpserts(db));
  RETURN_IF_ERROR(ApplyDeletions(db));
  Failpoint("ledger-commit-rows");
  RETURN_IF_ERROR(ApplyLetters(db, base));
  RETURN_IF_ERROR(AddRequests(session, run_, batch_.free_requests));
  RETURN_IF_ERROR(CloseStages(session, batch_, base.revision, orphans_until_));
  RETURN_IF_ERROR(target_.points.Write(db, points_));
  RETURN_IF_ERROR(target_.deleted_points.Write(db, deleted_points_));
  RETURN_IF_ERROR(target_.texts->Write(db, texts_));
  RETURN_IF_ERROR(AdvanceTarget(session, batch_, delta_));
  Failpoint("ledger-commit-end");
  return OkStatus();
}

void SqliteCommit::Committed() {
  target_.points.Committed(points_);
  target_.deleted_points.Committed(deleted_points_);
  target_.texts->Committed(texts_);
  std::vector<RecentRows::Place> now;
  now.reserve(places_.size());
  for (const KeyPlace& place : places_) {
    const auto row = rows_.find(place.key);
    now.push_back({place.point, row == rows_.end() ? 0 : row->second.id});
  }
  recent_.Set(target_.id, now, target_.commits);
}

// Rows refer to their commit, and it to run and time, which are the same for all of them.
Status SqliteCommit::NumberCommit(SqliteDatabase& db) {
  if (batch_.upserts.empty() && batch_.deletions.empty()) return OkStatus();
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   db.Prepare("INSERT INTO commits (target_id, run, at) VALUES (?, ?, ?)"));
  RETURN_IF_ERROR(insert.RunWith(target_.id, run_, batch_.now.time_since_epoch().count()));
  commit_ = db.last_insert_rowid();
  return OkStatus();
}

Status SqliteCommit::LoadRows(SqliteDatabase& db) {
  std::vector<std::string_view> keys;
  for (const RowState& row : batch_.upserts) keys.push_back(row.key);
  for (const RowDeletion& row : batch_.deletions) keys.push_back(row.key);
  for (const std::string& key : batch_.closed_letters) keys.push_back(key);
  places_ = PlacesOf(target_, keys);
  std::vector<KeyPlace> unknown;
  for (const KeyPlace& place : places_) {
    ASSIGN_OR_RETURN(const bool known, LoadRecent(db, place));
    if (!known) unknown.push_back(place);
  }
  if (unknown.empty()) return OkStatus();
  RowFinder finder(target_, unknown);
  return finder.Find(db, [this](const KeyPlace& place, StoredRow row) {
    rows_.emplace(place.key, std::move(row));
  });
}

// True: what there is of the row is known.
StatusOr<bool> SqliteCommit::LoadRecent(SqliteDatabase& db, const KeyPlace& place) {
  const auto id = recent_.Find(target_.id, place.point);
  if (!id) return false;
  if (*id == 0) return true;
  ASSIGN_OR_RETURN(auto row, GetRow(db, target_, *id));
  if (!row || row->state.key != place.key) return false;
  rows_.emplace(place.key, *std::move(row));
  return true;
}

Status SqliteCommit::ApplyUpserts(SqliteDatabase& db) {
  for (const RowState& row : batch_.upserts) RETURN_IF_ERROR(Upsert(db, row));
  return OkStatus();
}

Status SqliteCommit::Upsert(SqliteDatabase& db, const RowState& row) {
  const auto known = rows_.find(row.key);
  delta_.points += static_cast<int64_t>(row.chunks.size());
  if (known == rows_.end()) {
    ASSIGN_OR_RETURN(const int64_t id, InsertRow(db, target_, row, commit_));
    ++delta_.rows;
    IndexPoints(row.key, 0, std::max<size_t>(1, row.chunks.size()), id, true, points_.changes);
    IndexTexts(row.chunks, id, true);
    rows_.emplace(row.key, StoredRow{id, row, commit_});
    return OkStatus();
  }
  StoredRow& before = known->second;
  RETURN_IF_ERROR(NoteShrunk(db, before, row));
  RETURN_IF_ERROR(UpdateRow(db, target_, before.id, row, commit_));
  delta_.points -= static_cast<int64_t>(before.state.chunks.size());
  const size_t had = std::max<size_t>(1, before.state.chunks.size());
  const size_t has = std::max<size_t>(1, row.chunks.size());
  IndexPoints(row.key, had, has, before.id, true, points_.changes);
  IndexPoints(row.key, has, had, before.id, false, points_.changes);
  // Removed before added: a text that both have stays.
  if (before.state.chunks != row.chunks) {
    IndexTexts(before.state.chunks, before.id, false);
    IndexTexts(row.chunks, before.id, true);
  }
  before.state = row;
  before.written = commit_;
  return OkStatus();
}

// Points that the new state has no more are remembered, as those of a deleted row are.
Status SqliteCommit::NoteShrunk(SqliteDatabase& db, const StoredRow& before, const RowState& row) {
  const size_t had = before.state.chunks.size();
  const size_t has = row.chunks.size();
  if (has >= had) return OkStatus();
  const RowDeletion deletion{row.key, row.guard, static_cast<int32_t>(had - has)};
  ASSIGN_OR_RETURN(const int64_t id, InsertDeletion(db, target_, deletion, &before, commit_));
  // By the place of chunk 0 it is found when the key is asked for.
  if (has > 0) IndexPoints(row.key, 0, 1, id, true, deleted_points_.changes);
  IndexPoints(row.key, has, had, id, true, deleted_points_.changes);
  return OkStatus();
}

Status SqliteCommit::ApplyDeletions(SqliteDatabase& db) {
  for (const RowDeletion& row : batch_.deletions) RETURN_IF_ERROR(Delete(db, row));
  return OkStatus();
}

Status SqliteCommit::Delete(SqliteDatabase& db, const RowDeletion& deletion) {
  const auto known = rows_.find(deletion.key);
  if (known == rows_.end()) return DeleteUnknown(db, deletion);
  const StoredRow& row = known->second;
  ASSIGN_OR_RETURN(SqliteStatement remove, db.Prepare(target_.delete_row));
  RETURN_IF_ERROR(remove.RunWith(row.id));
  ASSIGN_OR_RETURN(const int64_t id, InsertDeletion(db, target_, deletion, &row, commit_));
  const size_t points = std::max<size_t>(1, row.state.chunks.size());
  IndexPoints(deletion.key, 0, points, row.id, false, points_.changes);
  IndexTexts(row.state.chunks, row.id, false);
  IndexPoints(deletion.key, 0, points, id, true, deleted_points_.changes);
  --delta_.rows;
  delta_.points -= static_cast<int64_t>(row.state.chunks.size());
  rows_.erase(known);
  return OkStatus();
}

// Points were there without a row state: a crash had come between. Where there were none, there is
// nothing to tell.
Status SqliteCommit::DeleteUnknown(SqliteDatabase& db, const RowDeletion& deletion) {
  if (deletion.points_removed == 0) return OkStatus();
  ASSIGN_OR_RETURN(const int64_t id, InsertDeletion(db, target_, deletion, nullptr, commit_));
  IndexPoints(deletion.key, 0, static_cast<size_t>(deletion.points_removed), id, true,
              deleted_points_.changes);
  return OkStatus();
}

Status SqliteCommit::ApplyLetters(SqliteDatabase& db, const CommitBase& base) {
  SqliteSession session(db);
  int64_t closed = 0;
  if (base.dead_letters > 0) {
    std::vector<std::string> settled = batch_.closed_letters;
    for (const RowDeletion& row : batch_.deletions) settled.push_back(row.key);
    ASSIGN_OR_RETURN(closed, CloseLetters(session, target_.id, settled));
  }
  ASSIGN_OR_RETURN(const int64_t opened, OpenLetters(session, target_.id, batch_.dead_letters));
  delta_.dead_letters = opened - closed;
  // A row is dead as long as it has an open letter. States that came with the batch say so already.
  for (const std::string& key : batch_.closed_letters) {
    const auto row = rows_.find(key);
    if (row == rows_.end() || !row->second.state.dead || row->second.written == commit_) continue;
    ASSIGN_OR_RETURN(SqliteStatement revive, db.Prepare(target_.revive_row));
    RETURN_IF_ERROR(revive.RunWith(row->second.id));
  }
  return OkStatus();
}

void SqliteCommit::IndexPoints(std::string_view key, size_t from, size_t to, int64_t id, bool add,
                               std::vector<Change>& changes) const {
  for (size_t chunk = from; chunk < to; ++chunk) {
    const Uuid point = PointId(target_.pipeline, key, static_cast<int32_t>(chunk));
    changes.push_back({{PointHash(point), 0, id}, add});
  }
}

void SqliteCommit::IndexTexts(const std::vector<ChunkState>& chunks, int64_t id, bool add) {
  for (const ChunkState& chunk : chunks) {
    texts_.changes.push_back({{TextHash(chunk.text_sha256), target_.id, id}, add});
  }
}

}  // namespace drift::ledger
