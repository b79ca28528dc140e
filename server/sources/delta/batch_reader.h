// Rows of a window, batch by batch: what both passes share.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/source.h"
#include "sources/delta/kernel_table.h"

namespace drift::delta {

// Reads the columns of one pass. A column that the window does not have reads as NULL; one that is
// wanted twice is read once. One thread at a time.
class BatchReader {
 public:
  // `names`: the columns of the pass as they are called in the window (WindowNotes), "" for none.
  static StatusOr<BatchReader> Open(KernelTable& table, const Window& window,
                                    std::span<const std::string> names, int64_t first_file,
                                    std::stop_token stop);

  // Loads the next batch. False: the end.
  StatusOr<bool> Next(std::stop_token stop);

  // Of the batch loaded. REQUIRES: 0 <= row < rows().
  int64_t rows() const { return batch_ ? batch_->rows.get().length : 0; }
  Row ReadRow(int64_t row) const;
  int64_t Version(int64_t row) const;
  StatusOr<ChangeType> Type(int64_t row) const;
  // Snapshots: how many files have been read to their end with this batch.
  int64_t files_done() const { return batch_ ? batch_->files_done : 0; }

 private:
  BatchReader(KernelStream stream, std::vector<int> cells, const Window& window)
      : stream_(std::move(stream)),
        cells_(std::move(cells)),
        is_feed_(window.kind == Window::Kind::kChanges),
        snapshot_version_(window.last_version) {}
  const ArrowArray& Column(int index) const { return *batch_->rows.get().children[index]; }

  KernelStream stream_;
  std::vector<int> cells_;  // index of the batch's column for each cell of a row; -1: NULL
  bool is_feed_;            // the batch's last two columns are type of change and version
  int64_t snapshot_version_;
  std::optional<KernelBatch> batch_;
};

}  // namespace drift::delta
