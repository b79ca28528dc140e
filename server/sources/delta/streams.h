// The two passes over a window.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "base/status.h"
#include "core/source.h"
#include "sources/delta/batch_reader.h"
#include "sources/delta/delta_cursor.h"

namespace drift::delta {

// Puts an error of a stream into the words of its window.
using ErrorInWindow = std::function<Status(const Status&)>;

// Keys, versions and types of change; one batch of the table per call.
class DeltaKeyStream : public KeyStream {
 public:
  DeltaKeyStream(BatchReader reader, ErrorInWindow in_window)
      : reader_(std::move(reader)), in_window_(std::move(in_window)) {}
  StatusOr<std::vector<KeyEvent>> Next(std::stop_token stop) override;

 private:
  StatusOr<std::vector<KeyEvent>> ReadBatch(std::stop_token stop);

  BatchReader reader_;
  const ErrorInWindow in_window_;
};

struct RowStreamOptions {
  size_t batch_rows = 1024;       // of a RowBatch, at most
  size_t batch_bytes = 1u << 20;  // of a RowBatch, about
};

// New states, a batch of the table cut into RowBatches of bounded size.
class DeltaRowStream : public RowStream {
 public:
  // `resume`: of snapshots, the cursor to set the file in; nullopt otherwise.
  DeltaRowStream(BatchReader reader, std::optional<DeltaCursor> resume, RowStreamOptions options,
                 ErrorInWindow in_window)
      : reader_(std::move(reader)),
        resume_(std::move(resume)),
        options_(options),
        in_window_(std::move(in_window)) {}
  StatusOr<std::optional<RowBatch>> Next(std::stop_token stop) override;

 private:
  StatusOr<std::optional<RowBatch>> ReadBatch(std::stop_token stop);
  Status AppendRow(RowBatch& batch);
  bool IsFull(const RowBatch& batch) const;
  void SetResume(RowBatch& batch);

  BatchReader reader_;
  std::optional<DeltaCursor> resume_;  // its file: how many are done
  const RowStreamOptions options_;
  const ErrorInWindow in_window_;
  int64_t at_ = 0;  // the next row of the reader's batch
};

}  // namespace drift::delta
