#include "pipeline/window_run.h"

#include <algorithm>

#include "core/reasons.h"

namespace drift {

BatchLimits BatchLimitsOf(const RunContext& run) {
  // Read ahead, embedding, writing: a few batches of each kind share the pipeline's limit.
  constexpr size_t kBatchesInFlight = 8;
  constexpr size_t kMaxRows = 2048;
  constexpr size_t kMinRows = 16;
  const auto limit = static_cast<size_t>(run.spec.limits.max_in_flight_bytes);
  const size_t vector_bytes = static_cast<size_t>(run.target.key.dimensions) * sizeof(float);
  BatchLimits limits;
  limits.max_bytes = std::max<size_t>(1, limit / kBatchesInFlight);
  limits.max_rows = std::clamp(limits.max_bytes / vector_bytes, kMinRows, kMaxRows);
  limits.max_ahead_bytes = limits.max_bytes * 2;
  // Those cut in advance are of the size that was right then.
  if (run.model->model().is_local) limits.max_ahead_batches = 2;
  return limits;
}

StatusOr<StagedKeys> LoadStaged(RunContext& run) {
  ASSIGN_OR_RETURN(const std::vector<StagedKey> keys,
                   run.Persist("ledger", "loading open stages",
                               [&] { return run.ledger().LoadStages(run.target.id); }));
  StagedKeys staged;
  for (const StagedKey& key : keys) staged.emplace(key.key, key);
  return staged;
}

StatusOr<PlannedBatch> PlanRows(RunContext& run, VectorFinder& vectors, ReadBatch batch,
                                const StagedKeys& staged, bool force) {
  PlannedBatch out;
  out.read = std::move(batch);
  std::vector<std::string> keys;
  keys.reserve(out.read.rows.size());
  for (const RenderedRow& row : out.read.rows) {
    if (!row.null_key) keys.push_back(row.key);
  }
  ASSIGN_OR_RETURN(std::vector<RowState> states, run.Persist("ledger", "loading row states", [&] {
    return run.ledger().LoadRows(run.target.id, keys);
  }));
  for (RowState& state : states) {
    std::string key = state.key;
    out.before.emplace(std::move(key), std::move(state));
  }
  out.plan = PlanBatch({out.read.rows, out.before, staged, run.spec.name, run.target.revision,
                        run.spec.dedup, force});
  ASSIGN_OR_RETURN(out.found, run.Persist("sink", "reading vectors back", [&] {
    return vectors.Find(out.read.rows, out.plan, run.spec.dedup, run.hard);
  }));
  return out;
}

Status CheckDeadLetters(RunContext& run) {
  const int64_t limit = run.spec.limits.max_dead_letters;
  if (limit == 0 || run.counters.dead_letters == 0) return OkStatus();
  ASSIGN_OR_RETURN(const Target target, run.Persist("ledger", "counting dead letters", [&] {
    return run.ledger().GetTarget(run.target.id);
  }));
  if (target.dead_letters <= limit) return OkStatus();
  return WithReason(
      FailedPrecondition("{} rows cannot be embedded, more than max_dead_letters ({})",
                         target.dead_letters, limit),
      reason::kTooManyDeadLetters);
}

}  // namespace drift
