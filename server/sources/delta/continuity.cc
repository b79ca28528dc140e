#include "sources/delta/continuity.h"

#include <algorithm>

#include "core/reasons.h"

namespace drift::delta {
namespace {

Continuity Broken(const DeltaCursor& cursor, const TableInfo& latest) {
  return cursor.table_id == latest.table_id ? Continuity::kPutBack : Continuity::kRecreated;
}

// Whether one of the commits after the cursor gave the table its present id. If they cannot be
// read, the answer is no: taking a new table for the old one would lose rows, the reverse costs a
// re-sync.
StatusOr<bool> WasReplacedSince(KernelTable& table, const DeltaCursor& cursor,
                                const TableInfo& latest, std::stop_token stop) {
  if (cursor.version >= latest.version) return false;
  const auto commits = table.ReadHistory(cursor.version + 1, latest.version, 0, stop);
  if (commits.status().code() == StatusCode::kOutOfRange) return false;
  if (!commits.ok()) return commits.status();
  return std::any_of(commits->begin(), commits->end(), [&](const CommitInfo& commit) {
    return commit.new_table_id == latest.table_id;
  });
}

}  // namespace

StatusOr<Continuity> CheckContinuity(KernelTable& table, const DeltaCursor& cursor,
                                     const TableInfo& latest, std::stop_token stop) {
  if (latest.version < cursor.version) return Broken(cursor, latest);
  if (!cursor.commit.empty()) {
    const StatusOr<std::string> commit = table.Fingerprint(cursor.version, stop);
    if (commit.ok()) return *commit == cursor.commit ? Continuity::kSame : Broken(cursor, latest);
    if (commit.status().code() != StatusCode::kOutOfRange) return commit.status();
  }
  if (cursor.table_id == latest.table_id || cursor.version < 0) return Continuity::kSame;
  ASSIGN_OR_RETURN(const bool replaced, WasReplacedSince(table, cursor, latest, stop));
  return replaced ? Continuity::kSame : Continuity::kRecreated;
}

Status ContinuityStatus(Continuity continuity, std::string_view table, const DeltaCursor& cursor,
                        const TableInfo& latest) {
  switch (continuity) {
    case Continuity::kSame:
      return OkStatus();
    case Continuity::kRecreated:
      return WithReason(
          FailedPrecondition("{}: the table was dropped and created anew (now at "
                             "version {}, the cursor is at version {} of the old one)",
                             table, latest.version, cursor.version),
          reason::kTableRecreated);
    case Continuity::kPutBack:
      break;
  }
  return WithReason(
      FailedPrecondition("{}: the table was put back from a backup, or its log was "
                         "rewritten (now at version {}; version {}, where the cursor is, "
                         "is another commit or gone)",
                         table, latest.version, cursor.version),
      reason::kTableRestored);
}

}  // namespace drift::delta
