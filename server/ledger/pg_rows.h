// Reading and writing many rows at once in PostgreSQL. In a transaction where one is said; one
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/ledger_types.h"
#include "ledger/pg_row.h"
#include "net/pg.h"

namespace drift::ledger {

// Rows at these places: those looked for, and rarely others whose hash is the same.
Status LoadPlaces(PgConnection& pg, std::span<const int64_t> places,
                  const std::function<void(StoredRow row, int64_t place)>& visit);

// What a commit does to the rows of one target, in the order of places so that neighbours in the
// index are written one after the other.
struct PgRowChanges {
  struct Row {
    int64_t place = 0;
    std::string key;
    std::optional<int64_t> text;  // of chunk 0
    std::string state;
  };
  struct MorePoint {
    int64_t place = 0;
    int64_t first = 0;  // the row's place
    int64_t text = 0;
  };
  struct Deletion {
    int64_t place = 0;
    std::string key;
    std::string state;
  };
  struct DeletedPoint {
    int64_t place = 0;
    int64_t first = 0;
  };

  std::vector<Row> added;
  std::vector<Row> updated;
  std::vector<Row> removed;           // by place and key
  std::vector<MorePoint> more_added;  // chunks 1, 2, ...
  std::vector<MorePoint> more_removed;
  std::vector<Deletion> deletions;
  std::vector<DeletedPoint> more_deleted;
};

// In the transaction. kDataLoss: a row to be changed is not there.
Status WriteRows(PgConnection& pg, int64_t target_id, PgRowChanges changes);

// The row as it is to be written.
PgRowChanges::Row RowChange(int64_t target_id, int64_t place, const TextSpace& space,
                            const RowState& row, int64_t written);

}  // namespace drift::ledger
