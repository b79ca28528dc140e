// The batches between planned and committed. Embedding, staging, writing and committing of
// different batches overlap; commits stay in order.
//
//   embedding ──► staged, writing ──► written ──► committed
//
// Stage is durable before the write begins, the write before the commit: a kill between any two of
// them leaves a stage open, and what is staged is never trusted (docs/life-of-a-change.md).
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "pipeline/batch_reader.h"
#include "pipeline/effects.h"
#include "pipeline/plan.h"
#include "pipeline/run_context.h"
#include "pipeline/vector_finder.h"

namespace drift {

// A batch whose rows have been planned.
struct PlannedBatch {
  ReadBatch read;
  BatchPlan plan;
  RowStates before;
  std::vector<std::optional<FoundVector>> found;  // parallel to plan.texts
};

// Of one window. Used by the run's thread; its workers call back into it.
class InFlight {
 public:
  // Rows of the next batch, after a model inside the process took so long for `rows` of them: what
  // it does in about two seconds. More would be lost with a kill and show no progress; fewer would
  // be commits for little.
  static size_t RowsForPace(size_t rows, Duration took);

  explicit InFlight(RunContext& run);
  // Waits for the writes that have begun; what is not committed stays staged.
  ~InFlight();

  // Takes the batch on and starts its embedding. Blocks while more bytes are in flight than the
  // pipeline's limit allows, or a few batches of a model inside the process: a slow sink slows the
  // reader. The first error of any batch ends it.
  Status Add(PlannedBatch batch);
  // A deletion of rows: nothing to embed.
  Status AddDeletion(std::vector<RowHead> rows);
  // Commits everything.
  Status Drain();

 private:
  struct Batch {
    PlannedBatch planned;
    std::vector<RowHead> deletion;        // instead of a planned batch
    std::shared_ptr<EmbedTicket> ticket;  // null: nothing had to be asked for
    std::vector<size_t> asked;            // index into plan.texts, parallel to the ticket's answers
    MonoTime submitted;
    int64_t bytes = 0;
    int64_t rows = 0;
    Effects effects;
    std::optional<int64_t> stage_id;
    bool staged = false;
    std::atomic<bool> written{false};
    Status write_status;  // set before `written`
  };

  Status Push(std::unique_ptr<Batch> batch);
  bool IsFull() const;
  void StartEmbedding(Batch& batch);
  void LearnPace(const Batch& batch);
  // Moves every batch as far as it can go without waiting.
  Status Advance();
  Status StageReady();
  Status CommitOldest();
  void ShowBytes();
  Status StageAndWrite(Batch& batch);
  Effects EffectsOf(Batch& batch) const;
  void Write(Batch& batch);
  Status WriteNow(Batch& batch);
  Status Commit(Batch& batch);
  void Wait();
  void Notify();

  RunContext& run_;
  std::deque<std::unique_ptr<Batch>> batches_;
  int64_t bytes_ = 0;
  int writing_ = 0;         // staged and not committed
  MonoTime last_answered_;  // when the newest batch that is answered was seen to be

  Mutex mu_;
  CondVar changed_;
  uint64_t events_ GUARDED_BY(mu_) = 0;
  uint64_t seen_ = 0;
  int tasks_ GUARDED_BY(mu_) = 0;  // posted to the workers and not over
  // Tickets may call back when this is gone: they hold the flag, not the object.
  std::shared_ptr<std::pair<Mutex, bool>> alive_ = std::make_shared<std::pair<Mutex, bool>>();
};

}  // namespace drift
