#include "ledger/pg_commit.h"

#include <algorithm>

#include "base/failpoint.h"
#include "core/key.h"
#include "ledger/codec.h"
#include "ledger/dead_letter_table.h"
#include "ledger/request_table.h"
#include "ledger/run_table.h"
#include "ledger/stage_table.h"

namespace drift::ledger {
namespace {

size_t ChunksOf(const std::optional<StoredRow>& row) {
  return row ? row->state.chunks.size() : 0;
}

}  // namespace

Status PgCommit::Run(PgSession& session) {
  Failpoint("ledger-commit-begin");
  ASSIGN_OR_RETURN(const CommitBase base, LockTarget(session, target_.id, "FOR UPDATE"));
  delta_.digest = CommitDigest(batch_);
  // The same batch again: its first answer was lost on the way.
  if (base.last_commit == delta_.digest) return OkStatus();
  ASSIGN_OR_RETURN(run_, AdvanceRun(session, batch_));
  return Apply(session, base);
}

Status PgCommit::Apply(PgSession& session, const CommitBase& base) {
  RETURN_IF_ERROR(NumberCommit(session));
  RETURN_IF_ERROR(LoadRows(session.pg()));
  for (const RowState& row : batch_.upserts) Upsert(row);
  for (const RowDeletion& row : batch_.deletions) Delete(row);
  for (const std::string& key : batch_.closed_letters) Revive(key);
  CollectChanges();
  RETURN_IF_ERROR(WriteRows(session.pg(), target_.id, std::move(changes_)));
  Failpoint("ledger-commit-rows");
  RETURN_IF_ERROR(ApplyLetters(session, base));
  RETURN_IF_ERROR(AddRequests(session, run_, batch_.free_requests));
  RETURN_IF_ERROR(CloseStages(session, batch_, base.revision, orphans_until_));
  RETURN_IF_ERROR(AdvanceTarget(session, batch_, delta_));
  Failpoint("ledger-commit-end");
  return OkStatus();
}

// Rows refer to their commit, and it to run and time, which are the same for all of them.
Status PgCommit::NumberCommit(PgSession& session) {
  if (batch_.upserts.empty() && batch_.deletions.empty()) return OkStatus();
  ASSIGN_OR_RETURN(
      const auto row,
      session.RunOne("INSERT INTO commits (target_id, run, at) VALUES ($1, $2, $3) RETURNING seq",
                     SqlArgs(target_.id, run_, batch_.now)));
  if (!row) return Internal("a new commit has no number");
  commit_ = row->Int(0);
  return OkStatus();
}

Status PgCommit::LoadRows(PgConnection& pg) {
  std::vector<int64_t> places;
  const auto look_for = [&](std::string_view key) {
    const auto [entry, is_new] = rows_.try_emplace(key);
    if (!is_new) return;
    entry->second.place = RowPlace(target_.id, target_.pipeline, key);
    places.push_back(entry->second.place);
  };
  for (const RowState& row : batch_.upserts) look_for(row.key);
  for (const RowDeletion& row : batch_.deletions) look_for(row.key);
  for (const std::string& key : batch_.closed_letters) look_for(key);
  return LoadPlaces(pg, places, [this](StoredRow row, int64_t) {
    const auto found = rows_.find(row.state.key);
    if (found == rows_.end()) return;
    found->second.before = row;
    found->second.now = std::move(row);
  });
}

// -- the batch, in memory -------------------------------------------------------------------------

void PgCommit::Upsert(const RowState& row) {
  Change& change = rows_.at(row.key);
  const size_t had = ChunksOf(change.now);
  const size_t has = row.chunks.size();
  // Points that the new state has no more are remembered, as those of a deleted row are.
  if (has < had) {
    const RowDeletion deletion{row.key, row.guard, static_cast<int32_t>(had - has)};
    AddDeletion(change.place, {0, deletion, commit_, *change.now}, has, had);
  }
  change.now = StoredRow{0, row, commit_};
  change.changed = true;
}

void PgCommit::AddDeletion(int64_t place, const StoredDeletion& deletion, size_t from, size_t to) {
  const std::string& key = deletion.deletion.key;
  changes_.deletions.push_back({place, key, EncodeDeletion(deletion)});
  for (size_t chunk = std::max<size_t>(1, from); chunk < to; ++chunk) {
    const Uuid point = PointId(target_.pipeline, key, static_cast<int32_t>(chunk));
    changes_.more_deleted.push_back({PointPlace(target_.id, point), place});
  }
}

void PgCommit::Delete(const RowDeletion& deletion) {
  Change& change = rows_.at(deletion.key);
  StoredDeletion stored{0, deletion, commit_, {}};
  size_t points = static_cast<size_t>(deletion.points_removed);
  if (change.now) {
    points = std::max<size_t>(1, ChunksOf(change.now));
    stored.last = *std::move(change.now);
  } else if (points == 0) {
    return;  // it was never there, and nothing of it was in the sink
  }
  change.now.reset();
  change.changed = true;
  AddDeletion(change.place, stored, 0, points);
}

// A row is dead as long as it has an open letter. States that came with the batch say so already.
void PgCommit::Revive(const std::string& key) {
  Change& change = rows_.at(key);
  if (change.changed || !change.now || !change.now->state.dead) return;
  change.now->state.dead = false;
  change.changed = true;
}

void PgCommit::CollectChanges() {
  for (const auto& [key, change] : rows_) {
    if (!change.changed) continue;
    delta_.rows += (change.now ? 1 : 0) - (change.before ? 1 : 0);
    delta_.points +=
        static_cast<int64_t>(ChunksOf(change.now)) - static_cast<int64_t>(ChunksOf(change.before));
    if (change.now) {
      (change.before ? changes_.updated : changes_.added)
          .push_back(RowChange(target_.id, change.place, target_.space, change.now->state,
                               change.now->written));
    } else if (change.before) {
      changes_.removed.push_back({change.place, std::string(key), std::nullopt, {}});
    }
    CollectMorePoints(change);
  }
}

void PgCommit::CollectMorePoints(const Change& change) {
  const auto collect = [&](const std::optional<StoredRow>& row,
                           std::vector<PgRowChanges::MorePoint>& out) {
    for (size_t chunk = 1; chunk < ChunksOf(row); ++chunk) {
      const Uuid point = PointId(target_.pipeline, row->state.key, static_cast<int32_t>(chunk));
      out.push_back({PointPlace(target_.id, point), change.place,
                     target_.space.Place(row->state.chunks[chunk].text_sha256, target_.id)});
    }
  };
  // Removed before added: what both have stays.
  collect(change.before, changes_.more_removed);
  collect(change.now, changes_.more_added);
}

// -- what hangs on it -----------------------------------------------------------------------------

Status PgCommit::ApplyLetters(PgSession& session, const CommitBase& base) {
  int64_t closed = 0;
  if (base.dead_letters > 0) {
    std::vector<std::string> settled = batch_.closed_letters;
    for (const RowDeletion& row : batch_.deletions) settled.push_back(row.key);
    ASSIGN_OR_RETURN(closed, CloseLetters(session, target_.id, settled));
  }
  ASSIGN_OR_RETURN(const int64_t opened, OpenLetters(session, target_.id, batch_.dead_letters));
  delta_.dead_letters = opened - closed;
  return OkStatus();
}

}  // namespace drift::ledger
