// What a batch does to the sink and to the ledger, once its vectors are there. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/ledger_types.h"
#include "core/sink.h"
#include "pipeline/embed_ticket.h"
#include "pipeline/plan.h"
#include "pipeline/render.h"

namespace drift {

// The vector of one text of a plan, or why there is none.
struct TextResult {
  Status status;
  Vector vector;
  WallTime embedded_at;
  bool embedded = false;  // asked for by this batch: tokens and cost are its own
  int32_t tokens = 0;
  bool tokens_estimated = false;
  NanoUsd cost = 0;
};

struct EffectsInput {
  const PipelineSpec& spec;
  const Target& target;
  std::string run_id;
  WallTime now;
  const std::vector<RenderedRow>& rows;
  const BatchPlan& plan;
  const RowStates& before;
  const std::vector<TextResult>& texts;  // parallel to plan.texts
};

struct Effects {
  std::vector<StagedKey> staged;          // durable before anything below
  PointBatch points;                      // written first
  std::vector<Sink::Deletion> deletions;  // what the old rows left, and rows without text
  CommitBatch commit;                     // then; without stage, cursor and counters
  RunCounters counters;                   // of this batch alone

  // Nothing for the ledger either.
  bool empty() const {
    return points.points.empty() && deletions.empty() && commit.upserts.empty() &&
           commit.deletions.empty() && commit.dead_letters.empty();
  }
};

Effects MakeEffects(const EffectsInput& input);

// The sink refused these points of effects.points for good: their rows become dead letters and all
// their points go.
void RejectPoints(const std::vector<ItemError>& refused, const Target& target, WallTime now,
                  Effects& effects);

// Deletes rows: points 0..chunks-1 of each. `rows[i].guard` is the deleting change's.
Effects MakeDeletion(const PipelineSpec& spec, const Target& target, std::string run_id,
                     WallTime now, const std::vector<RowHead>& rows);

}  // namespace drift
