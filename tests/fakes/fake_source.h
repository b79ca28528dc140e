// A table in memory that keeps every rule of core/source.h, with a change feed that can be switched
// off, cut and delayed.
//
//   FakeTable table({"id", "body"});                 // columns; versions start at 0
//   table.Insert({{"a", "hello"}, {"b", "world"}});  // one commit each
//   table.Update({{"a", "bye"}});
//   table.Delete({"b"});
//   FakeSource source(table, Projection{{"id"}, {"body"}});
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "core/source.h"

namespace drift::testing {

// Rows by their first column, which the table itself takes for the key. Safe for concurrent use.
class FakeTable {
 public:
  explicit FakeTable(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  using Rows = std::vector<std::vector<Value>>;
  struct Event {
    ChangeType type;
    std::vector<Value> row;
  };

  // Each is one commit; returns its version.
  int64_t Insert(const Rows& rows) EXCLUDES(mu_);
  int64_t Update(const Rows& rows) EXCLUDES(mu_);
  int64_t Delete(const std::vector<Value>& keys) EXCLUDES(mu_);
  // Deletes everything and inserts `rows`, as an overwrite does.
  int64_t Overwrite(const Rows& rows) EXCLUDES(mu_);
  // Any events, in this order; the table's rows follow them.
  int64_t Commit(const std::vector<Event>& events) EXCLUDES(mu_);

  // Versions before this one are gone from the feed.
  void DropHistoryBefore(int64_t version) EXCLUDES(mu_);
  void SetChangeFeed(bool on) EXCLUDES(mu_);
  // Another table at the same place: versions start again.
  void Recreate(const Rows& rows) EXCLUDES(mu_);

  // Current rows, for oracles.
  Rows rows() const EXCLUDES(mu_);
  int64_t version() const EXCLUDES(mu_);

 private:
  friend class FakeSource;
  struct Version {
    std::vector<Event> events;
    Rows rows;  // after it
  };
  mutable Mutex mu_;
  const std::vector<std::string> columns_;
  std::vector<Version> versions_ GUARDED_BY(mu_);
  int64_t first_kept_ GUARDED_BY(mu_) = 0;
  bool feed_ GUARDED_BY(mu_) = true;
  int id_ GUARDED_BY(mu_) = 1;
};

// Safe for concurrent use.
class FakeSource final : public Source {
 public:
  FakeSource(FakeTable& table, Projection projection)
      : table_(table), projection_(std::move(projection)) {}

  // Rows per batch of both streams; snapshots can be resumed after each.
  void SetBatchRows(size_t rows) { batch_rows_ = rows; }
  // Told before each batch of rows; its error is the stream's.
  void OnRows(std::function<Status()> hook) { on_rows_ = std::move(hook); }
  int key_passes() const { return key_passes_; }
  int64_t rows_read() const { return rows_read_; }

  StatusOr<SourceInfo> Check(std::stop_token stop) override;
  StatusOr<Lag> Behind(const Cursor& from, std::stop_token stop) override;
  StatusOr<Window> Snapshot(const std::optional<Cursor>& from, std::stop_token stop) override;
  StatusOr<std::optional<Window>> Next(const Cursor& from, const WindowLimits& limits,
                                       std::stop_token stop) override;
  StatusOr<Cursor> StartAt(int64_t version, std::stop_token stop) override;
  StatusOr<Window> Cut(const Window& window, int64_t version, std::stop_token stop) override;
  StatusOr<Window> SnapshotAt(const Cursor& from, std::stop_token stop) override;
  StatusOr<std::unique_ptr<KeyStream>> ReadKeys(const Window& window,
                                                std::stop_token stop) override;
  StatusOr<std::unique_ptr<RowStream>> ReadRows(const Window& window,
                                                std::stop_token stop) override;

 private:
  Row Project(const std::vector<Value>& row, const std::vector<std::string>& columns) const;
  FakeTable& table_;
  const Projection projection_;
  size_t batch_rows_ = 3;
  std::function<Status()> on_rows_;
  std::atomic<int> key_passes_{0};
  std::atomic<int64_t> rows_read_{0};
};

}  // namespace drift::testing
