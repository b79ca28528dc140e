// Rows as they lie in a database.
#pragma once

#include <cstdint>

#include "core/ledger_types.h"

namespace drift::ledger {

// A row as it lies in the table.
struct StoredRow {
  int64_t id = 0;
  RowState state;
  int64_t written = 0;  // number of the commit that wrote it
};

// A deleted row: what it was, and how it went.
struct StoredDeletion {
  int64_t id = 0;
  RowDeletion deletion;
  int64_t deleted = 0;  // number of the commit that deleted it
  StoredRow last;       // `last.written` is 0 when nothing was known of it
};

// Bits of the column `flags`.
inline constexpr int64_t kRowDead = 1;
inline constexpr int64_t kRowTokensEstimated = 2;  // of chunk 0

inline int64_t FlagsOf(const RowState& row) {
  const bool estimated = !row.chunks.empty() && row.chunks[0].tokens_estimated;
  return (row.dead ? kRowDead : 0) | (estimated ? kRowTokensEstimated : 0);
}

}  // namespace drift::ledger
