// Provenance as both databases answer it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/ledger_types.h"

namespace drift::ledger {

// Who wrote, and when: what the number of a commit stands for.
struct CommitInfo {
  std::string run_id;
  WallTime at;
};

// How a row, or its last chunks, were deleted.
struct DeletionInfo {
  Guard guard;
  CommitInfo commit;
  int32_t points_removed = 0;
};

// Appends one record per point of the row: of all of them, or of the one with `point_id` alone; per
// point that is gone, if there is a deletion. Of a deleted row nothing may be known but the number
// of its points.
void AppendRecords(const Target& target, const RowState& row, const CommitInfo& written,
                   const DeletionInfo* deletion, const std::optional<Uuid>& point_id,
                   std::vector<ProvenanceRecord>& out);

// The record a page of a whole pipeline begins with: live rows by target and number come first,
// then deleted ones, newest first.
struct PagePlace {
  bool deleted = false;
  int64_t target_id = 0;
  int64_t row = 0;   // 0: the first
  int64_t skip = 0;  // records of that row which have been shown
};
std::string ToToken(const PagePlace& place);
// Empty: the start. kInvalidArgument: no token of ours.
StatusOr<PagePlace> PlaceOf(std::string_view token);

// What a database has to answer so that ListPage can walk through targets: at most `limit` rows
// with the number `from` and larger ones, or deletions with `from` and smaller ones. 0: from the
// first.
struct StoredRecords {
  int64_t row = 0;
  std::vector<ProvenanceRecord> records;
};
using LoadRecords = std::function<StatusOr<std::vector<StoredRecords>>(
    const Target& target, bool deleted, int64_t from, int64_t limit)>;

// A page over all targets of a pipeline.
StatusOr<ProvenancePage> ListPage(const std::vector<Target>& targets,
                                  const ProvenanceFilter& filter, const LoadRecords& load);
// A page of what was found by key or by point: all of it is at hand. Sorts live ones first.
StatusOr<ProvenancePage> CutPage(std::vector<ProvenanceRecord> records,
                                 const ProvenanceFilter& filter);

}  // namespace drift::ledger
