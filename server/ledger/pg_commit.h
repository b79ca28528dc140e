// One commit in PostgreSQL.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/ledger_types.h"
#include "ledger/pg_rows.h"
#include "ledger/pg_session.h"
#include "ledger/target_table.h"

namespace drift::ledger {

// What does not change of a target.
struct PgTarget {
  int64_t id;
  std::string pipeline;
  TextSpace space;
};

// Used once. The batch is played through in memory, over the rows as they are; then the differences
// are written, each kind of them in one statement.
class PgCommit {
 public:
  // `orphans_until`: the last stage that a crash left open.
  PgCommit(const PgTarget& target, const CommitBatch& batch, int64_t orphans_until)
      : target_(target), batch_(batch), orphans_until_(orphans_until) {}

  // In a transaction, which holds the target's row from here to its end. kNotFound: no such target
  // or run.
  Status Run(PgSession& session);

 private:
  struct Change {
    int64_t place = 0;
    std::optional<StoredRow> before;
    std::optional<StoredRow> now;
    bool changed = false;
  };

  Status Apply(PgSession& session, const CommitBase& base);
  Status NumberCommit(PgSession& session);
  Status LoadRows(PgConnection& pg);
  void Upsert(const RowState& row);
  void Delete(const RowDeletion& deletion);
  // Of the chunks from `from` up to, not including, `to`.
  void AddDeletion(int64_t place, const StoredDeletion& deletion, size_t from, size_t to);
  void Revive(const std::string& key);
  Status ApplyLetters(PgSession& session, const CommitBase& base);
  void CollectChanges();
  void CollectMorePoints(const Change& change);

  const PgTarget& target_;
  const CommitBatch& batch_;
  const int64_t orphans_until_;
  int64_t run_ = 0;
  int64_t commit_ = 0;
  std::map<std::string_view, Change> rows_;  // by key: views into the batch
  PgRowChanges changes_;
  CommitDelta delta_;
};

}  // namespace drift::ledger
