// Embedding dead rows again.
#include <unordered_map>
#include <unordered_set>

#include "pipeline/attach.h"
#include "pipeline/in_flight.h"
#include "pipeline/run.h"
#include "pipeline/window_run.h"

namespace drift {
namespace {

// Letters whose row is not in the table any more, or has no text now, are settled.
Status CloseLetters(RunContext& run, const std::unordered_set<std::string>& keys) {
  if (keys.empty()) return OkStatus();
  CommitBatch commit;
  commit.target_id = run.target.id;
  commit.run_id = run.run_id;
  commit.now = run.services.clock.Now();
  commit.closed_letters.assign(keys.begin(), keys.end());
  commit.free_requests = run.TakeFreeRequests();
  commit.counters = run.CountersNow();
  return run.Persist("ledger", "closing dead letters", [&] { return run.ledger().Commit(commit); });
}

}  // namespace

Status ReplayDeadLetters(RunContext& run, const std::vector<DeadLetter>& letters) {
  RETURN_IF_ERROR(OpenRun(run));
  ASSIGN_OR_RETURN(const Attachment attachment, Attach(run, /*whole=*/false));
  if (attachment.snapshot) {
    return FailedPrecondition("{}: nothing is embedded yet, so there is nothing to replay",
                              run.spec.name);
  }
  std::unordered_set<std::string> wanted;
  for (const DeadLetter& letter : letters) {
    if (letter.reason != "NULL_KEY") wanted.insert(letter.key);
  }
  run.progress.Update([&](RunView& view) {
    view.phase = fmt::format("replaying {} rows", wanted.size());
    view.rows_expected = static_cast<int64_t>(wanted.size());
  });
  ASSIGN_OR_RETURN(const Window window, run.Read("source", "reading the table's log", [&] {
    return run.source->SnapshotAt(*run.target.cursor, run.hard);
  }));
  ASSIGN_OR_RETURN(const StagedKeys staged, LoadStaged(run));
  std::unordered_set<std::string> gone = wanted;
  {
    VectorFinder vectors(run.ledger(), run.services.connectors, run.target, *run.sink);
    InFlight in_flight(run);
    BatchReader reader(
        run, window,
        [&](std::string_view key, int64_t) { return wanted.contains(std::string(key)); },
        BatchLimitsOf(run));
    for (;;) {
      ASSIGN_OR_RETURN(std::optional<ReadBatch> batch, reader.Next(run.hard));
      if (!batch) break;
      std::erase_if(batch->rows, [](const RenderedRow& row) { return row.null_key; });
      for (const RenderedRow& row : batch->rows) gone.erase(row.key);
      batch->resume.reset();  // the cursor stays where it is
      ASSIGN_OR_RETURN(PlannedBatch planned,
                       PlanRows(run, vectors, std::move(*batch), staged, /*force=*/true));
      RETURN_IF_ERROR(in_flight.Add(std::move(planned)));
    }
    RETURN_IF_ERROR(in_flight.Drain());
  }
  return CloseLetters(run, gone);
}

}  // namespace drift
