// The second pass over a window: reads the rows whose new state wins, renders them and cuts them
// into batches, on a thread of its own and a few batches ahead.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "core/source.h"
#include "pipeline/render.h"
#include "pipeline/run_context.h"

namespace drift {

struct ReadBatch {
  std::vector<RenderedRow> rows;
  size_t bytes = 0;
  std::optional<Cursor>
      resume;  // of a snapshot: nothing before the end of this batch is needed again
};

struct BatchLimits {
  size_t max_rows = 2048;  // run.batch_rows may say less
  size_t max_bytes = 4 << 20;
  size_t max_ahead_bytes = 16 << 20;  // read and not yet taken
  size_t max_ahead_batches = SIZE_MAX;
};

// Used by one thread. Everything it is given must outlive it.
class BatchReader {
 public:
  // Whether the row of `key` at `version` is wanted; asked from the reading thread. Rows without a
  // key always are.
  using Wanted = std::function<bool(std::string_view key, int64_t version)>;

  // When the source is away for a moment the reading goes on where it was.
  BatchReader(RunContext& run, const Window& window, Wanted wanted, BatchLimits limits);
  ~BatchReader();  // stops reading

  // The next batch, or nullopt at the end. Codes of the source; kCancelled by `stop`.
  StatusOr<std::optional<ReadBatch>> Next(std::stop_token stop) EXCLUDES(mu_);

 private:
  void ReadAll(std::stop_token stop);
  Status ReadOn(std::stop_token stop);
  Status TakeRows(const RowBatch& rows, std::stop_token stop);
  Status Push(std::stop_token stop) EXCLUDES(mu_);
  void ShowBytes() REQUIRES(mu_);

  RunContext& run_;
  const Window& window_;
  const Wanted wanted_;
  const BatchLimits limits_;

  // Of the reading thread.
  int64_t rows_taken_ = 0;  // of the stream; what comes again after a reopening is passed over
  int64_t rows_passed_ = 0;
  ReadBatch batch_;

  Mutex mu_;
  CondVar changed_;
  std::deque<ReadBatch> ready_ GUARDED_BY(mu_);
  size_t ready_bytes_ GUARDED_BY(mu_) = 0;
  bool ended_ GUARDED_BY(mu_) = false;
  Status status_ GUARDED_BY(mu_);
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace drift
