// The class behind OpenDelta(); nobody outside this folder includes it.
//   delta_source.cc   opening, checking, polling
//   delta_windows.cc  snapshots and windows
//   delta_reads.cc    the two passes over a window
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "core/source.h"
#include "sources/delta/columns.h"
#include "sources/delta/continuity.h"
#include "sources/delta/delta_cursor.h"
#include "sources/delta/kernel_table.h"
#include "sources/delta/streams.h"
#include "sources/delta/window_notes.h"

namespace drift::delta {

// Safe for concurrent use: constant after construction but for what mu_ guards.
class DeltaSource : public Source {
 public:
  DeltaSource(std::unique_ptr<KernelTable> table, Projection projection, RowStreamOptions rows)
      : table_(std::move(table)), projection_(std::move(projection)), rows_(rows) {}

  StatusOr<SourceInfo> Check(std::stop_token stop) override;
  StatusOr<Lag> Behind(const Cursor& from, std::stop_token stop) override;
  StatusOr<Window> Snapshot(const std::optional<Cursor>& from, std::stop_token stop) override;
  StatusOr<std::optional<Window>> Next(const Cursor& from, const WindowLimits& limits,
                                       std::stop_token stop) override;
  StatusOr<Cursor> StartAt(int64_t version, std::stop_token stop) override;
  StatusOr<Window> Cut(const Window& window, int64_t version, std::stop_token stop) override;
  StatusOr<Window> SnapshotAt(const Cursor& from, std::stop_token stop) override;
  StatusOr<WallTime> CommittedAt(int64_t version, std::stop_token stop) override;
  StatusOr<std::unique_ptr<KeyStream>> ReadKeys(const Window& window,
                                                std::stop_token stop) override;
  StatusOr<std::unique_ptr<RowStream>> ReadRows(const Window& window,
                                                std::stop_token stop) override;

 private:
  struct Now {
    LatestVersion latest;
    TableInfo info;
  };
  // A cursor that was found to belong to a log.
  struct Verified {
    int64_t version = -2;
    std::string commit;
    std::string table_id;
    uint64_t generation = 0;
    bool operator==(const Verified&) const = default;
  };

  const std::string& address() const { return table_->address(); }
  StatusOr<Now> LoadLatest(std::stop_token stop);
  Status Verify(const DeltaCursor& cursor, const LatestVersion& latest, std::stop_token stop)
      EXCLUDES(mu_);
  Status CheckColumnsSince(const DeltaCursor& cursor, const TableInfo& latest,
                           std::stop_token stop);
  // The cursor of one who has applied everything up to `info`'s version.
  StatusOr<DeltaCursor> CursorAt(const TableInfo& info, const std::vector<std::string>& names,
                                 std::stop_token stop);

  StatusOr<Window> SnapshotWindow(const TableInfo& info, const TableInfo& latest,
                                  int64_t first_file, std::stop_token stop);
  // The version an unfinished snapshot goes on with; nullopt: none, or it can no longer be read.
  StatusOr<std::optional<TableInfo>> PinnedVersion(const DeltaCursor& cursor,
                                                   const TableInfo& latest, std::stop_token stop);
  StatusOr<bool> GoesByFeed(const DeltaCursor& cursor, std::stop_token stop);
  StatusOr<Window> ChangesWindow(const DeltaCursor& cursor, const TableInfo& latest,
                                 const WindowLimits& limits, std::stop_token stop);
  StatusOr<int64_t> LastOfWindow(int64_t first, const TableInfo& latest, const WindowLimits& limits,
                                 std::stop_token stop);
  Status TryRange(int64_t first, int64_t last, std::stop_token stop);
  Status CleanedAway(const Status& status, int64_t first, int64_t last) const;

  // An error of a stream in the words of its window.
  Status InWindow(const Window& window, const Status& status);

  const std::unique_ptr<KernelTable> table_;
  const Projection projection_;
  const RowStreamOptions rows_;
  Mutex mu_;
  Verified verified_ GUARDED_BY(mu_);
};

}  // namespace drift::delta
