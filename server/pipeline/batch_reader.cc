#include "pipeline/batch_reader.h"

#include <algorithm>

#include "base/stop.h"

namespace drift {

BatchReader::BatchReader(RunContext& run, const Window& window, Wanted wanted, BatchLimits limits)
    : run_(run),
      window_(window),
      wanted_(std::move(wanted)),
      limits_(limits),
      thread_([this](std::stop_token stop) { ReadAll(stop); }) {}

BatchReader::~BatchReader() = default;  // ~jthread asks the thread to stop and joins it

void BatchReader::ReadAll(std::stop_token stop) {
  LinkedStop either(run_.hard, stop);
  Status status = run_.Read("source", "reading rows", [&] { return ReadOn(either.token()); });
  if (status.ok() && !batch_.rows.empty()) status = Push(either.token());
  MutexLock lock(mu_);
  status_ = status;
  ended_ = true;
  changed_.notify_all();
}

Status BatchReader::ReadOn(std::stop_token stop) {
  ASSIGN_OR_RETURN(auto stream, run_.source->ReadRows(window_, stop));
  rows_passed_ = 0;
  for (;;) {
    ASSIGN_OR_RETURN(std::optional<RowBatch> read, stream->Next(stop));
    if (!read) return OkStatus();
    RETURN_IF_ERROR(TakeRows(*read, stop));
    batch_.resume = std::move(read->resume);
  }
}

Status BatchReader::TakeRows(const RowBatch& read, std::stop_token stop) {
  for (const SourceRow& row : read.rows) {
    if (rows_passed_++ < rows_taken_) continue;
    ++rows_taken_;
    bool null_key = false;
    const std::string key = run_.renderer->Key(row, null_key);
    if (!null_key && !wanted_(key, row.version)) continue;
    RenderedRow rendered = run_.renderer->Render(row);
    batch_.bytes += rendered.Bytes();
    batch_.rows.push_back(std::move(rendered));
    const size_t max_rows = std::min(limits_.max_rows, run_.batch_rows.load());
    if (batch_.rows.size() < max_rows && batch_.bytes < limits_.max_bytes) continue;
    RETURN_IF_ERROR(Push(stop));
  }
  return OkStatus();
}

Status BatchReader::Push(std::stop_token stop) {
  std::unique_lock lock(mu_);
  // One batch is always let in, however large its rows are.
  const bool room = changed_.wait(lock, stop, [&]() DRIFT_TSA(no_thread_safety_analysis) {
    return ready_.empty() || (ready_bytes_ + batch_.bytes <= limits_.max_ahead_bytes &&
                              ready_.size() < limits_.max_ahead_batches);
  });
  if (!room) return Cancelled("stopped");
  ready_bytes_ += batch_.bytes;
  ready_.push_back(std::move(batch_));
  batch_ = ReadBatch();
  ShowBytes();
  changed_.notify_all();
  return OkStatus();
}

StatusOr<std::optional<ReadBatch>> BatchReader::Next(std::stop_token stop) {
  std::unique_lock lock(mu_);
  const bool woken = changed_.wait(
      lock, stop, [&]() DRIFT_TSA(no_thread_safety_analysis) { return !ready_.empty() || ended_; });
  if (!woken) return Cancelled("stopped");
  if (ready_.empty()) {
    if (!status_.ok()) return status_;
    return std::optional<ReadBatch>();
  }
  ReadBatch batch = std::move(ready_.front());
  ready_.pop_front();
  ready_bytes_ -= batch.bytes;
  ShowBytes();
  changed_.notify_all();
  return std::optional<ReadBatch>(std::move(batch));
}

void BatchReader::ShowBytes() {
  run_.services.metrics.SetQueueBytes(run_.spec.name, "read", static_cast<int64_t>(ready_bytes_));
}

}  // namespace drift
