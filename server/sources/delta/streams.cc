#include "sources/delta/streams.h"

namespace drift::delta {

StatusOr<std::vector<KeyEvent>> DeltaKeyStream::Next(std::stop_token stop) {
  if (stop.stop_requested()) return Cancelled("reading keys was stopped");
  auto events = ReadBatch(std::move(stop));
  if (!events.ok()) return in_window_(events.status());
  return events;
}

StatusOr<std::vector<KeyEvent>> DeltaKeyStream::ReadBatch(std::stop_token stop) {
  std::vector<KeyEvent> events;
  ASSIGN_OR_RETURN(const bool more, reader_.Next(std::move(stop)));
  if (!more) return events;
  events.reserve(reader_.rows());
  for (int64_t row = 0; row < reader_.rows(); ++row) {
    ASSIGN_OR_RETURN(const ChangeType type, reader_.Type(row));
    events.push_back({reader_.ReadRow(row), reader_.Version(row), type});
  }
  return events;
}

StatusOr<std::optional<RowBatch>> DeltaRowStream::Next(std::stop_token stop) {
  if (stop.stop_requested()) return Cancelled("reading rows was stopped");
  auto batch = ReadBatch(std::move(stop));
  if (!batch.ok()) return in_window_(batch.status());
  return batch;
}

// Goes on over batches without new states (a large delete), so that an empty answer is the end.
StatusOr<std::optional<RowBatch>> DeltaRowStream::ReadBatch(std::stop_token stop) {
  RowBatch batch;
  for (;;) {
    if (at_ == reader_.rows()) {
      at_ = 0;
      ASSIGN_OR_RETURN(const bool more, reader_.Next(stop));
      if (!more) return std::optional<RowBatch>();
    }
    while (at_ < reader_.rows() && !IsFull(batch)) RETURN_IF_ERROR(AppendRow(batch));
    if (at_ == reader_.rows()) SetResume(batch);
    if (!batch.rows.empty()) return std::optional<RowBatch>(std::move(batch));
  }
}

Status DeltaRowStream::AppendRow(RowBatch& batch) {
  const int64_t row = at_++;
  ASSIGN_OR_RETURN(const ChangeType type, reader_.Type(row));
  if (type != ChangeType::kInsert && type != ChangeType::kUpdatePostimage) return OkStatus();
  SourceRow state{reader_.ReadRow(row), reader_.Version(row)};
  batch.bytes += sizeof(SourceRow) + state.cells.capacity() * sizeof(Value);
  for (const Value& cell : state.cells) batch.bytes += HeapBytes(cell);
  batch.rows.push_back(std::move(state));
  return OkStatus();
}

bool DeltaRowStream::IsFull(const RowBatch& batch) const {
  return batch.rows.size() >= options_.batch_rows || batch.bytes >= options_.batch_bytes;
}

void DeltaRowStream::SetResume(RowBatch& batch) {
  if (!resume_ || reader_.files_done() <= resume_->file) return;
  resume_->file = reader_.files_done();
  batch.resume = ToCursor(*resume_);
}

}  // namespace drift::delta
