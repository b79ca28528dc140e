// What a run would do and cost. Reads table, ledger and sink; writes nothing anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "pipeline/run_context.h"

namespace drift {

// rows = rows_to_embed + rows_to_reuse + rows_unchanged + rows_without_text + rows_dead.
struct PlanFigures {
  int64_t rows = 0;
  int64_t rows_to_embed = 0;
  int64_t rows_to_reuse = 0;
  int64_t rows_unchanged = 0;
  int64_t rows_without_text = 0;
  int64_t rows_dead = 0;
  int64_t rows_to_delete = 0;
  int64_t texts_to_embed = 0;
  int64_t tokens = 0;
  bool tokens_estimated = false;
  NanoUsd cost = 0;
  int64_t from_version = -1;
  int64_t to_version = -1;
  double seconds = 0;  // about how long; 0: not known
  bool collection_exists = false;
  std::vector<std::string> notes;
};

// `run` is fresh: not opened. `whole` as for RunPipeline(). Codes of source and ledger; of the sink
// only kFailedPrecondition (COLLECTION_DIFFERS), what is away is a note.
StatusOr<PlanFigures> EstimateRun(RunContext& run, bool whole);

}  // namespace drift
