// The rows of one target in SQLite: where they lie, and reading and writing them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/ledger_types.h"
#include "ledger/hash_index.h"
#include "ledger/stored_row.h"
#include "net/sqlite.h"

namespace drift::ledger {

// Where the next rows to be looked up are likely to lie: behind the last ones, because a table that
// is read again comes in the order in which it came first. Safe for concurrent use.
struct RowHint {
  std::atomic<int64_t> next_row = 0;  // 0: nothing is known
  std::atomic<int> misses = 0;        // walks in a row that found little
  std::atomic<int> skip = 0;          // walks not worth trying
};

// Tables and indexes of one target. Made once and kept for the life of the ledger; what changes are
// the indexes, which lock by themselves.
struct SqliteTarget {
  SqliteTarget(int64_t id, std::string pipeline, std::shared_ptr<HashIndex> texts,
               PendingCount& all_pending);

  const int64_t id;
  const std::string pipeline;
  std::atomic<uint64_t> commits = 0;  // since the ledger was opened (RecentRows)
  mutable RowHint hint;
  HashIndex points;          // point id → row
  HashIndex deleted_points;  // point id → deletion
  // Text → (target, row). Shared by all targets of the vector space.
  const std::shared_ptr<HashIndex> texts;

  // Statements.
  const std::string select_row;
  const std::string walk_rows;
  const std::string insert_row;
  const std::string update_row;
  const std::string revive_row;
  const std::string delete_row;
  const std::string select_deletion;
  const std::string insert_deletion;
};

// The columns of select_row and select_deletion.
StatusOr<StoredRow> ReadRow(const SqliteStatement& row);
StatusOr<StoredDeletion> ReadDeletion(const SqliteStatement& row);

// By id; nullopt: not there (any more).
StatusOr<std::optional<StoredRow>> GetRow(SqliteDatabase& db, const SqliteTarget& target,
                                          int64_t id);
StatusOr<std::optional<StoredDeletion>> GetDeletion(SqliteDatabase& db, const SqliteTarget& target,
                                                    int64_t id);

// A row's key with its place in the indexes: the point id of its first chunk.
struct KeyPlace {
  std::string_view key;
  Uuid point;
};
std::vector<KeyPlace> PlacesOf(const SqliteTarget& target, std::span<const std::string_view> keys);

// Looks rows up by key. A reader makes it before it begins its transaction (HashIndex::Pending).
class RowFinder {
 public:
  RowFinder(const SqliteTarget& target, std::span<const KeyPlace> places);

  // Calls `visit` for each key that has a row, in the order of the rows in the table.
  using Visit = std::function<void(const KeyPlace& place, StoredRow row)>;
  Status Find(SqliteDatabase& db, const Visit& visit);

 private:
  const SqliteTarget& target_;
  std::vector<KeyPlace> wanted_;  // by hash
  std::vector<int64_t> hashes_;   // the same order
  std::vector<HashIndex::Hit> hits_;
};

// Reads the rows where RowHint says and calls `visit` for those that are among `keys`: several
// times as fast as by the index, when it is right. Returns the keys it has not met.
StatusOr<std::vector<std::string_view>> WalkRows(SqliteDatabase& db, const SqliteTarget& target,
                                                 std::span<const std::string_view> keys,
                                                 const std::function<void(StoredRow)>& visit);

// Writing; `commit` is the number of the commit. Returns the row's id.
StatusOr<int64_t> InsertRow(SqliteDatabase& db, const SqliteTarget& target, const RowState& row,
                            int64_t commit);
Status UpdateRow(SqliteDatabase& db, const SqliteTarget& target, int64_t id, const RowState& row,
                 int64_t commit);
// `last` is null when nothing is known of the row but its key.
StatusOr<int64_t> InsertDeletion(SqliteDatabase& db, const SqliteTarget& target,
                                 const RowDeletion& deletion, const StoredRow* last,
                                 int64_t commit);

}  // namespace drift::ledger
