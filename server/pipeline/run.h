// THE main path: how a changed row becomes a vector in a sink. Start reading at ApplyWindow() in
// run.cc; docs/life-of-a-change.md follows one row through it.
#pragma once

#include "base/status.h"
#include "pipeline/run_context.h"

namespace drift {

// Brings the index up to the table's latest version. `whole`: looks at every row of the table first
// (run embed); else reads the changes since the cursor, or the table if there is no cursor.
// OK: caught up. kCancelled: stopped; what is done stays, and the next run goes on from there. Any
// other code: see base/status.h; all that was committed stays.
Status RunPipeline(RunContext& run, bool whole);

// Embeds dead rows again, as they are in the table at the cursor's version. Rows that are gone or
// embedded meanwhile are closed. `letters`: of this pipeline.
Status ReplayDeadLetters(RunContext& run, const std::vector<DeadLetter>& letters);

}  // namespace drift
