// What to do with a batch of rows. Pure: no clock, no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/ledger_types.h"
#include "core/types.h"
#include "pipeline/render.h"

namespace drift {

using RowStates = std::unordered_map<std::string, RowState>;
using StagedKeys = std::unordered_map<std::string, StagedKey>;

struct RowPlan {
  enum class Action : uint8_t {
    kSkip,   // the index holds exactly this already
    kWrite,  // all its points are written
    kClear,  // the row has no text (any more): its points are removed
    kDead,   // it can never be embedded: dead letter, its points are removed
  };
  Action action = Action::kSkip;
  int32_t old_chunks = 0;  // points that may be in the sink, from chunk 0
};

// One distinct text that needs a vector, and the points it is for.
struct TextPlan {
  struct Use {
    uint32_t row;
    uint32_t chunk;
  };
  std::vector<Use> uses;             // the first is the one that is counted as embedded
  std::vector<Uuid> own_candidates;  // points of the same row that may hold the vector already
};

struct BatchPlan {
  std::vector<RowPlan> rows;  // parallel to the batch's rows
  std::vector<TextPlan> texts;
};

struct PlanInput {
  const std::vector<RenderedRow>& rows;  // each key at most once
  const RowStates& states;
  const StagedKeys& staged;  // of a crash: may be in the sink, must not be trusted
  const std::string& pipeline;
  int32_t revision = 0;
  bool dedup = true;   // equal texts share one vector
  bool force = false;  // nothing is skipped: a replay
};

BatchPlan PlanBatch(const PlanInput& input);

}  // namespace drift
