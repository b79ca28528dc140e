// One run from its beginning to its end, with all that the ledger keeps of it.
#pragma once

#include "pipeline/run_context.h"
#include "pipeline/run_queue.h"

namespace drift {

// How a run ended: the status of the work, and for errors that pause a pipeline the pause, with
// figures of what the remedy would cost where that helps.
struct RunEnd {
  RunRecord run;
  Status status;
  bool interrupted = false;  // the daemon stops; the run goes on at the next start
  bool noted = true;         // false: the ledger does not know that the run is over
};

// Runs it; blocks until it is over. Notes begin and end in the ledger.
RunEnd ExecuteRun(const RunServices& services, ActiveRun& active);

}  // namespace drift
