#include "pipeline/run.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "core/reasons.h"
#include "pipeline/attach.h"
#include "pipeline/in_flight.h"
#include "pipeline/key_fold.h"
#include "pipeline/window_run.h"

namespace drift {
namespace {

constexpr size_t kDeletionRows = 2048;  // per batch

Status SoftStop() {
  return Cancelled("stopped; the next run goes on from here");
}

std::string PhaseOf(const Window& window) {
  if (window.kind == Window::Kind::kSnapshot) {
    return fmt::format("embedding snapshot at version {}", window.last_version);
  }
  if (window.first_version == window.last_version) {
    return fmt::format("applying version {}", window.last_version);
  }
  return fmt::format("applying versions {}–{}", window.first_version, window.last_version);
}

// Removes the rows that the window says are gone, a batch at a time.
class Remover {
 public:
  Remover(RunContext& run, InFlight& in_flight, const StagedKeys& staged)
      : run_(run), in_flight_(in_flight), staged_(staged) {}

  // A row that the ledger knows, with the deleting change as its guard.
  Status Remove(RowHead row) {
    rows_.push_back(std::move(row));
    return rows_.size() < kDeletionRows ? OkStatus() : Flush();
  }

  // A key of the feed: the ledger has to be asked what there is of it.
  Status RemoveKey(std::string_view key, int64_t version) {
    keys_.emplace(key, version);
    return keys_.size() < kDeletionRows ? OkStatus() : LookUp();
  }

  Status Finish() {
    RETURN_IF_ERROR(LookUp());
    return Flush();
  }

 private:
  Status LookUp() {
    std::vector<std::string> keys;
    for (const auto& [key, version] : keys_) keys.push_back(key);
    if (keys.empty()) return OkStatus();
    ASSIGN_OR_RETURN(const std::vector<RowState> states,
                     run_.Persist("ledger", "loading row states",
                                  [&] { return run_.ledger().LoadRows(run_.target.id, keys); }));
    std::unordered_map<std::string, int32_t> chunks;
    for (const RowState& state : states) {
      chunks[state.key] = static_cast<int32_t>(state.chunks.size());
    }
    for (const std::string& key : keys) {
      const auto staged = staged_.find(key);
      const auto known = chunks.find(key);
      if (known == chunks.end() && staged == staged_.end()) continue;  // never was in the index
      int32_t count = known == chunks.end() ? 0 : known->second;
      if (staged != staged_.end()) count = std::max(count, staged->second.chunks);
      RETURN_IF_ERROR(Remove({key, count, {run_.target.revision, keys_[key]}}));
    }
    keys_.clear();
    return OkStatus();
  }

  Status Flush() {
    std::vector<RowHead> rows;
    rows.swap(rows_);
    return in_flight_.AddDeletion(std::move(rows));
  }

  RunContext& run_;
  InFlight& in_flight_;
  const StagedKeys& staged_;
  std::vector<RowHead> rows_;
  std::unordered_map<std::string, int64_t> keys_;
};

Status RemoveGone(RunContext& run, KeyFold& keys, const StagedKeys& staged) {
  InFlight in_flight(run);
  Remover remover(run, in_flight, staged);
  const Window& window = keys.window();
  if (window.kind == Window::Kind::kChanges) {
    RETURN_IF_ERROR(keys.ForEachGone([&](std::string_view key, int64_t version) {
      ++run.counters.rows_read;
      return remover.RemoveKey(key, version);
    }));
  } else {
    std::vector<StagedKey> staged_list;
    for (const auto& [key, state] : staged) staged_list.push_back(state);
    RETURN_IF_ERROR(keys.ForEachMissing(
        staged_list,
        [&](const RowHead& row) {
          RowHead gone = row;
          gone.guard = {run.target.revision, window.last_version};
          return remover.Remove(std::move(gone));
        },
        run.hard));
  }
  RETURN_IF_ERROR(remover.Finish());
  return in_flight.Drain();
}

// Rows without a key have no identity: their dead letters are settled when a whole snapshot has
// not shown them again.
Status CloseKeylessLetters(RunContext& run, WallTime snapshot_began) {
  DeadLetterFilter filter;
  filter.pipeline = run.spec.name;
  filter.reason = "NULL_KEY";
  DeadLetterFilter gone;
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<DeadLetter> page, run.ledger().ListDeadLetters(filter));
    for (const DeadLetter& letter : page) {
      if (letter.last_at < snapshot_began) gone.ids.push_back(letter.id);
      filter.after_id = letter.id;
    }
    if (page.empty()) break;
  }
  if (gone.ids.empty()) return OkStatus();
  return run.ledger().DiscardDeadLetters(gone).status();
}

Status CommitWindow(RunContext& run, const Window& window) {
  CommitBatch commit;
  commit.target_id = run.target.id;
  commit.run_id = run.run_id;
  commit.now = run.services.clock.Now();
  commit.cursor = window.next;
  commit.version = window.last_version;
  commit.closes_orphaned_stages = true;
  commit.free_requests = run.TakeFreeRequests();
  commit.counters = run.CountersNow();
  RETURN_IF_ERROR(
      run.Persist("ledger", "committing the cursor", [&] { return run.ledger().Commit(commit); }));
  Failpoint("window-committed");
  run.target.cursor = window.next;
  run.target.version = window.last_version;
  run.progress.Update([&](RunView& view) {
    view.run.to_version = window.last_version;
    view.run.counters = commit.counters;
  });
  return OkStatus();
}

// The rows of a window whose new state wins: steps 2 to 6 of ApplyWindow().
Status ApplyRows(RunContext& run, const KeyFold& keys, const StagedKeys& staged) {
  VectorFinder vectors(run.ledger(), run.services.connectors, run.target, *run.sink);
  // Inside the process embedding again is about as quick as reading back, and costs nothing.
  const bool keeps = run.spec.dedup && !run.model->model().is_local;
  if (keeps) {
    RETURN_IF_ERROR(run.Persist("sink", "reading vectors back",
                                [&] { return vectors.KeepStaged(staged, run.hard); }));
  }
  InFlight in_flight(run);
  const auto wins = [&](std::string_view key, int64_t at) { return keys.Wins(key, at); };
  BatchReader reader(run, keys.window(), wins, BatchLimitsOf(run));
  int64_t to_come = keys.upserts();
  for (;;) {
    ASSIGN_OR_RETURN(std::optional<ReadBatch> batch, reader.Next(run.hard));
    if (!batch) break;
    to_come -= std::ranges::count(batch->rows, false, &RenderedRow::null_key);
    ASSIGN_OR_RETURN(PlannedBatch planned,
                     PlanRows(run, vectors, std::move(*batch), staged, /*force=*/false));
    Failpoint("batch-planned");
    if (keeps && to_come > 0) {
      RETURN_IF_ERROR(run.Persist("sink", "reading vectors back", [&] {
        return vectors.KeepDisplaced(planned.read.rows, planned.plan, planned.before, run.hard);
      }));
    }
    RETURN_IF_ERROR(in_flight.Add(std::move(planned)));
    RETURN_IF_ERROR(CheckDeadLetters(run));
    if (run.soft.stop_requested()) break;
  }
  return in_flight.Drain();
}

// One window: a range of whole versions, or a snapshot. Everything below happens in this order for
// every row:
//   1. keys first     the newest change of each key is known, identities are sound, nothing is paid
//   2. plan           against the ledger: skip, reuse, embed, clear
//   3. embed          what nobody has embedded yet
//   4. stage          durable note of what is about to be written
//   5. write          guarded, durable; then what the old row left is deleted
//   6. commit         row states, provenance, costs, dead letters: one transaction
//   7. gone           rows that were deleted, after all new points are durable
//   8. cursor         moves, and open stages of a crash are settled
Status ApplyWindow(RunContext& run, const Window& asked) {
  const WallTime began = run.services.clock.Now();
  run.progress.Update([&](RunView& view) { view.phase = PhaseOf(asked); });
  run.client->priority =
      asked.kind == Window::Kind::kSnapshot ? EmbedPriority::kBackfill : EmbedPriority::kLive;
  ASSIGN_OR_RETURN(KeyFold keys, run.Read("source", "reading keys", [&] {
    return KeyFold::Fold(*run.source, asked, *run.renderer, run.ledger(), run.target.id,
                         {.temp_folder = run.services.temp_folder}, run.hard);
  }));
  const Window& window = keys.window();
  Failpoint("keys-folded");
  run.progress.Update([&](RunView& view) {
    view.phase = PhaseOf(window);
    view.rows_expected = std::max<int64_t>(0, view.rows_expected) + keys.upserts();
  });
  ASSIGN_OR_RETURN(const StagedKeys staged, LoadStaged(run));
  if (keys.has_rows()) RETURN_IF_ERROR(ApplyRows(run, keys, staged));
  if (run.soft.stop_requested()) return SoftStop();
  RETURN_IF_ERROR(RemoveGone(run, keys, staged));
  if (window.kind == Window::Kind::kSnapshot && !window.resumed) {
    RETURN_IF_ERROR(run.Persist("ledger", "settling dead letters without a key",
                                [&] { return CloseKeylessLetters(run, began); }));
  }
  RETURN_IF_ERROR(CommitWindow(run, window));
  return CheckDeadLetters(run);
}

Status CheckSource(RunContext& run) {
  const Status status =
      run.Contact("source", "reading the table", [&] { return run.source->Check(run.hard); })
          .status();
  if (Reason(status) != reason::kColumnMissing) return status;
  // Seen from the cursor it can be told whether the column was dropped or renamed.
  const auto target = run.ledger().FindTarget(TargetKeyOf(run.spec, run.model->model()));
  if (!target.ok() || !*target || !(*target)->cursor) return status;
  const Status since = run.source->Next(*(*target)->cursor, WindowLimits{}, run.hard).status();
  return Reason(since) == reason::kColumnMissing ? since : status;
}

StatusOr<std::optional<Window>> NextWindow(RunContext& run) {
  return run.Read("source", "reading the table's log",
                  [&] { return run.source->Next(*run.target.cursor, WindowLimits{}, run.hard); });
}

// Where the run begins.
StatusOr<std::optional<Window>> FirstWindow(RunContext& run, const Attachment& attachment,
                                            bool whole) {
  if (!attachment.snapshot) return NextWindow(run);
  if (!whole && run.spec.since_version) {
    ASSIGN_OR_RETURN(run.target.cursor, run.Read("source", "reading the table's log", [&] {
      return run.source->StartAt(*run.spec.since_version, run.hard);
    }));
    return NextWindow(run);
  }
  ASSIGN_OR_RETURN(Window window, run.Read("source", "reading the table's log", [&] {
    return run.source->Snapshot(run.target.cursor, run.hard);
  }));
  if (window.restarts_versions && run.target.revision > 0 && run.target.cursor) {
    RETURN_IF_ERROR(RestartVersions(run));
  }
  return std::optional<Window>(std::move(window));
}

}  // namespace

Status RunPipeline(RunContext& run, bool whole) {
  RETURN_IF_ERROR(OpenRun(run));
  run.progress.Update([](RunView& view) { view.phase = "looking at the table and the index"; });
  RETURN_IF_ERROR(CheckSource(run));
  ASSIGN_OR_RETURN(const Attachment attachment, Attach(run, whole));
  run.progress.Update([&](RunView& view) {
    if (view.run.attempts <= 1) view.run.from_version = run.target.version;
    view.run.to_version = run.target.version;
  });
  if (run.spec.since_version && run.target.cursor) {
    LogInfo("since_version is ignored: there is a cursor", {{"pipeline", run.spec.name}});
  }
  ASSIGN_OR_RETURN(std::optional<Window> window, FirstWindow(run, attachment, whole));
  while (window) {
    RETURN_IF_ERROR(ApplyWindow(run, *window));
    if (run.soft.stop_requested()) return SoftStop();
    ASSIGN_OR_RETURN(window, NextWindow(run));
  }
  return Maintain(run);
}

}  // namespace drift
