#include "pipeline/in_flight.h"

#include <algorithm>

#include "base/failpoint.h"

namespace drift {
namespace {

// Sink writes at once per run: one is written while the next is on its way.
constexpr int kMaxWriting = 2;
// What a row takes in memory beside its values and vectors: its texts wait twice, as part of the
// row and in the queue of its model, and each value, key and point has its own housekeeping.
constexpr int64_t kRowBytes = 1024;
// A model inside the process has no answer time to hide: two batches are written, the next ones
// wait for that or are embedded, and more would only lie in memory.
constexpr size_t kLocalBatches = 6;
constexpr size_t kFirstRows = 256;  // of its first batch, when nothing is known of its pace
constexpr std::chrono::milliseconds kWaitSlice{200};  // between looks at the stop tokens

}  // namespace

size_t InFlight::RowsForPace(size_t rows, Duration took) {
  constexpr double kSeconds = 2;
  constexpr double kLeast = 32;
  constexpr double kMost = 1 << 20;
  const double seconds = std::max(std::chrono::duration<double>(took).count(), 1e-6);
  return static_cast<size_t>(
      std::clamp(static_cast<double>(rows) / seconds * kSeconds, kLeast, kMost));
}

InFlight::InFlight(RunContext& run) : run_(run) {
  if (!run_.model->model().is_local) return;
  const size_t known = run_.model->batch_rows();
  run_.batch_rows = known > 0 ? known : kFirstRows;
}

InFlight::~InFlight() {
  if (!batches_.empty()) {  // an error: nothing may go on waiting
    run_.Abort();
    run_.model->Leave(run_.client);
  }
  {
    MutexLock lock(alive_->first);
    alive_->second = true;  // gone
  }
  std::unique_lock lock(mu_);
  changed_.wait(lock, [this]() DRIFT_TSA(no_thread_safety_analysis) { return tasks_ == 0; });
}

Status InFlight::Add(PlannedBatch planned) {
  auto batch = std::make_unique<Batch>();
  batch->planned = std::move(planned);
  batch->rows = static_cast<int64_t>(batch->planned.read.rows.size());
  const size_t vector_bytes = static_cast<size_t>(run_.target.key.dimensions) * sizeof(float);
  batch->bytes = static_cast<int64_t>(2 * batch->planned.read.bytes +
                                      batch->planned.plan.texts.size() * vector_bytes) +
                 batch->rows * kRowBytes;
  StartEmbedding(*batch);
  return Push(std::move(batch));
}

Status InFlight::AddDeletion(std::vector<RowHead> rows) {
  if (rows.empty()) return OkStatus();
  auto batch = std::make_unique<Batch>();
  batch->deletion = std::move(rows);
  return Push(std::move(batch));
}

Status InFlight::Push(std::unique_ptr<Batch> batch) {
  bytes_ += batch->bytes;
  batches_.push_back(std::move(batch));
  RETURN_IF_ERROR(Advance());
  while (IsFull()) {
    Wait();
    RETURN_IF_ERROR(Advance());
  }
  return OkStatus();
}

bool InFlight::IsFull() const {
  if (batches_.size() <= 1) return false;
  if (run_.model->model().is_local && batches_.size() > kLocalBatches) return true;
  return bytes_ > run_.spec.limits.max_in_flight_bytes;
}

Status InFlight::Drain() {
  for (;;) {
    RETURN_IF_ERROR(Advance());
    if (batches_.empty()) return OkStatus();
    Wait();
  }
}

void InFlight::StartEmbedding(Batch& batch) {
  std::vector<EmbedText> texts;
  const PlannedBatch& planned = batch.planned;
  for (size_t i = 0; i < planned.plan.texts.size(); ++i) {
    if (planned.found[i]) continue;
    const TextPlan::Use& use = planned.plan.texts[i].uses.front();
    const RenderedChunk& chunk = planned.read.rows[use.row].chunks[use.chunk];
    texts.push_back({chunk.text, chunk.sha256});
    batch.asked.push_back(i);
  }
  if (texts.empty()) {
    // Rows that are there already: large batches of them cost less.
    constexpr size_t kEnough = 1 << 20;
    if (run_.batch_rows < kEnough) run_.batch_rows = run_.batch_rows * 2;
    return;
  }
  batch.submitted = run_.services.clock.Mono();
  batch.ticket = run_.model->Submit(run_.client, std::move(texts));
  batch.ticket->WhenDone([this, alive = alive_] {
    MutexLock lock(alive->first);
    if (!alive->second) Notify();
  });
}

void InFlight::LearnPace(const Batch& batch) {
  const MonoTime now = run_.services.clock.Mono();
  const MonoTime began = std::max(batch.submitted, last_answered_);
  last_answered_ = now;
  if (!run_.model->model().is_local) return;
  const size_t rows = RowsForPace(static_cast<size_t>(batch.rows), now - began);
  run_.batch_rows = rows;
  run_.model->NoteBatchRows(rows);
}

void InFlight::Notify() {
  {
    MutexLock lock(mu_);
    ++events_;
  }
  changed_.notify_all();
}

void InFlight::Wait() {
  // Nothing more will come before the oldest batch is answered: its last texts must not wait for a
  // full request.
  if (batches_.front()->ticket && !batches_.front()->ticket->done()) run_.model->Flush(run_.client);
  std::unique_lock lock(mu_);
  changed_.wait_for(lock, run_.hard, kWaitSlice,
                    [this]() DRIFT_TSA(no_thread_safety_analysis) { return events_ != seen_; });
  seen_ = events_;
}

Status InFlight::Advance() {
  for (;;) {
    RETURN_IF_ERROR(StageReady());
    if (batches_.empty() || !batches_.front()->written) break;
    RETURN_IF_ERROR(CommitOldest());  // makes room for the next write
  }
  ShowBytes();
  return run_.hard.stop_requested() ? Cancelled("the run was stopped") : OkStatus();
}

Status InFlight::StageReady() {
  for (const auto& batch : batches_) {
    if (batch->staged) continue;
    if (run_.hard.stop_requested()) return Cancelled("the run was stopped");
    if (writing_ >= kMaxWriting) break;
    if (batch->ticket) {
      if (!batch->ticket->done()) break;  // in order, so that the oldest is committed first
      RETURN_IF_ERROR(batch->ticket->status());
      LearnPace(*batch);
    }
    Failpoint("batch-embedded");
    RETURN_IF_ERROR(StageAndWrite(*batch));
  }
  return OkStatus();
}

Status InFlight::CommitOldest() {
  Batch& batch = *batches_.front();
  RETURN_IF_ERROR(batch.write_status);
  RETURN_IF_ERROR(Commit(batch));
  bytes_ -= batch.bytes;
  --writing_;
  batches_.pop_front();
  return OkStatus();
}

void InFlight::ShowBytes() {
  run_.progress.Update([&](RunView& view) { view.bytes_in_flight = bytes_; });
  int64_t writing = 0;
  for (const auto& batch : batches_) writing += batch->staged ? batch->bytes : 0;
  run_.services.metrics.SetQueueBytes(run_.spec.name, "embed", bytes_ - writing);
  run_.services.metrics.SetQueueBytes(run_.spec.name, "write", writing);
}

Effects InFlight::EffectsOf(Batch& batch) const {
  const WallTime now = run_.services.clock.Now();
  if (!batch.deletion.empty()) {
    return MakeDeletion(run_.spec, run_.target, run_.run_id, now, batch.deletion);
  }
  PlannedBatch& planned = batch.planned;
  std::vector<TextResult> texts(planned.plan.texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!planned.found[i]) continue;
    texts[i].vector = std::move(planned.found[i]->vector);
    texts[i].embedded_at = planned.found[i]->embedded_at;
  }
  for (size_t i = 0; i < batch.asked.size(); ++i) {
    const EmbedAnswer& answer = batch.ticket->answers()[i];
    TextResult& text = texts[batch.asked[i]];
    text.status = answer.status;
    text.vector = answer.vector;
    text.embedded_at = answer.embedded_at;
    text.embedded = answer.asked;
    text.tokens = answer.tokens;
    text.tokens_estimated = answer.tokens_estimated;
    text.cost = answer.cost;
  }
  return MakeEffects({run_.spec, run_.target, run_.run_id, now, planned.read.rows, planned.plan,
                      planned.before, texts});
}

Status InFlight::StageAndWrite(Batch& batch) {
  batch.effects = EffectsOf(batch);
  batch.planned.read.rows = std::vector<RenderedRow>();  // the texts are not needed any more
  batch.planned.plan = BatchPlan();
  batch.staged = true;
  ++writing_;
  if (!batch.effects.staged.empty()) {
    ASSIGN_OR_RETURN(const int64_t id, run_.Persist("ledger", "noting what will be written", [&] {
      return run_.ledger().Stage(run_.target.id, batch.effects.staged);
    }));
    batch.stage_id = id;
    Failpoint("batch-staged");
  }
  if (batch.effects.points.points.empty() && batch.effects.deletions.empty()) {
    batch.written = true;
    return OkStatus();
  }
  {
    MutexLock lock(mu_);
    ++tasks_;
  }
  run_.services.workers.Post([this, &batch] { Write(batch); });
  return OkStatus();
}

void InFlight::Write(Batch& batch) {
  batch.write_status = WriteNow(batch);
  batch.written = true;
  MutexLock lock(mu_);
  --tasks_;
  ++events_;
  changed_.notify_all();
}

Status InFlight::WriteNow(Batch& batch) {
  Effects& effects = batch.effects;
  if (!effects.points.points.empty()) {
    ASSIGN_OR_RETURN(const std::vector<ItemError> refused,
                     run_.Persist("sink", "writing points", [&] {
                       const MonoTime began = run_.services.clock.Mono();
                       auto refused = run_.sink->Write(effects.points, run_.hard);
                       run_.services.metrics.SinkWritten(std::string(run_.sink->type()),
                                                         run_.services.clock.Mono() - began);
                       return refused;
                     }));
    Failpoint("batch-written");
    RejectPoints(refused, run_.target, effects.commit.now, effects);
    effects.counters.points_written +=
        static_cast<int64_t>(effects.points.points.size() - refused.size());
  }
  if (!effects.deletions.empty()) {
    RETURN_IF_ERROR(run_.Persist("sink", "deleting points",
                                 [&] { return run_.sink->Delete(effects.deletions, run_.hard); }));
    Failpoint("batch-deleted");
    effects.counters.points_deleted += static_cast<int64_t>(effects.deletions.size());
  }
  return OkStatus();
}

Status InFlight::Commit(Batch& batch) {
  run_.counters += batch.effects.counters;
  CommitBatch& commit = batch.effects.commit;
  // A batch of unchanged rows needs no transaction: the next one that does carries its counters.
  if (!batch.effects.empty()) {
    commit.closes_stage = batch.stage_id;
    commit.cursor = std::move(batch.planned.read.resume);
    commit.free_requests = run_.TakeFreeRequests();
    commit.counters = run_.CountersNow();
    RETURN_IF_ERROR(run_.Persist("ledger", "committing a batch", [&] {
      const MonoTime began = run_.services.clock.Mono();
      const Status committed = run_.ledger().Commit(commit);
      run_.services.metrics.LedgerCommitted(run_.services.clock.Mono() - began);
      return committed;
    }));
    Failpoint("batch-committed");
  }
  Metrics& metrics = run_.services.metrics;
  metrics.AddRows(run_.spec.name, batch.effects.counters);
  metrics.AddPoints(run_.spec.name, std::string(run_.sink->type()),
                    batch.effects.counters.points_written);
  const RunCounters now = run_.CountersNow();
  run_.progress.Update([&](RunView& view) { view.run.counters = now; });
  run_.progress.AddRows(batch.rows);
  return OkStatus();
}

}  // namespace drift
