// Steps of the main path that a replay takes too.
#pragma once

#include <optional>
#include <vector>

#include "base/status.h"
#include "pipeline/in_flight.h"
#include "pipeline/run_context.h"

namespace drift {

// Loads the batch's row states, decides what to do with each row, and reads vectors back that are
// paid for already. `staged`: keys of a crash. `force`: nothing is skipped.
StatusOr<PlannedBatch> PlanRows(RunContext& run, VectorFinder& vectors, ReadBatch batch,
                                const StagedKeys& staged, bool force);

StatusOr<StagedKeys> LoadStaged(RunContext& run);

// kFailedPrecondition TOO_MANY_DEAD_LETTERS when more are open than the pipeline's limit.
Status CheckDeadLetters(RunContext& run);

// The limits of a batch, from the pipeline's byte limit and the size of its vectors.
BatchLimits BatchLimitsOf(const RunContext& run);

}  // namespace drift
