// One commit in SQLite.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/ledger_types.h"
#include "ledger/recent_rows.h"
#include "ledger/sqlite_rows.h"
#include "ledger/target_table.h"
#include "net/sqlite.h"

namespace drift::ledger {

// Used once, by the writer.
class SqliteCommit {
 public:
  // `orphans_until`: the last stage that a crash left open.
  SqliteCommit(SqliteTarget& target, RecentRows& recent, const CommitBatch& batch,
               int64_t orphans_until)
      : target_(target), recent_(recent), batch_(batch), orphans_until_(orphans_until) {}

  // In the transaction. kNotFound: no such target or run.
  Status Run(SqliteDatabase& db);
  // Once it is durable.
  void Committed();

 private:
  using Change = HashIndex::Change;
  // Row states by key (views into the batch), as they are now.
  using Rows = std::unordered_map<std::string_view, StoredRow>;

  Status Apply(SqliteDatabase& db, const CommitBase& base);
  Status NumberCommit(SqliteDatabase& db);
  Status LoadRows(SqliteDatabase& db);
  StatusOr<bool> LoadRecent(SqliteDatabase& db, const KeyPlace& place);
  Status ApplyUpserts(SqliteDatabase& db);
  Status Upsert(SqliteDatabase& db, const RowState& row);
  Status NoteShrunk(SqliteDatabase& db, const StoredRow& before, const RowState& row);
  Status ApplyDeletions(SqliteDatabase& db);
  Status Delete(SqliteDatabase& db, const RowDeletion& deletion);
  Status DeleteUnknown(SqliteDatabase& db, const RowDeletion& deletion);
  Status ApplyLetters(SqliteDatabase& db, const CommitBase& base);
  void IndexPoints(std::string_view key, size_t from, size_t to, int64_t id, bool add,
                   std::vector<Change>& changes) const;
  void IndexTexts(const std::vector<ChunkState>& chunks, int64_t id, bool add);

  SqliteTarget& target_;
  RecentRows& recent_;
  const CommitBatch& batch_;
  const int64_t orphans_until_;
  int64_t run_ = 0;
  int64_t commit_ = 0;
  std::vector<KeyPlace> places_;
  Rows rows_;
  CommitDelta delta_;
  HashIndex::Work points_;
  HashIndex::Work deleted_points_;
  HashIndex::Work texts_;
};

}  // namespace drift::ledger
