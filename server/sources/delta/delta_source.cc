#include "sources/delta/delta_source.h"

#include <utility>

#include "core/reasons.h"
#include "sources/delta/delta_source_impl.h"
#include "sources/delta/table_address.h"

namespace drift::delta {
namespace {

// Of a large row group, how much is held at a time. Each piece is a few requests to a store; a disk
// does not mind.
uint64_t PieceBytes(std::string_view address) {
  return IsOnDisk(address) ? 8u << 20 : 32u << 20;
}

}  // namespace

StatusOr<std::unique_ptr<Source>> OpenDelta(const DeltaOptions& options,
                                            const Projection& projection) {
  ASSIGN_OR_RETURN(const std::string address, NormalizeTable(options.table));
  RETURN_IF_ERROR(CheckStorageKeys(address, options.storage));
  // Without any columns it can still be looked at: Check() says which there are.
  if (projection.key_columns.empty() && !projection.columns.empty()) {
    return InvalidArgument("{}: no key columns; a row without a key has no identity", address);
  }
  ReadLimits read = options.read;
  if (read.piece_bytes == 0) read.piece_bytes = PieceBytes(address);
  ASSIGN_OR_RETURN(auto table, KernelTable::Open(address, options.storage, read));
  return std::unique_ptr<Source>(
      std::make_unique<DeltaSource>(std::move(table), projection, options.rows));
}

StatusOr<DeltaSource::Now> DeltaSource::LoadLatest(std::stop_token stop) {
  Now now;
  ASSIGN_OR_RETURN(now.latest, table_->Latest(stop));
  ASSIGN_OR_RETURN(now.info, table_->Describe(now.latest.version, stop));
  return now;
}

StatusOr<SourceInfo> DeltaSource::Check(std::stop_token stop) {
  ASSIGN_OR_RETURN(const Now now, LoadLatest(stop));
  RETURN_IF_ERROR(CheckColumns(address(), now.info, projection_, nullptr));
  SourceInfo info;
  info.table_id = now.info.table_id;
  info.version = now.latest.version;
  info.committed_at = now.info.committed_at.value_or(WallTime());
  info.has_change_feed = now.info.change_feed;
  for (const ColumnInfo& column : now.info.columns) {
    info.columns.push_back(column.name);
    info.column_types.push_back(column.type);
  }
  ASSIGN_OR_RETURN(info.rows, table_->CountRows(now.latest.version, stop));
  return info;
}

// Continuity is looked at anew only when the cursor or the log is another one: an idle poll costs
// two small requests.
Status DeltaSource::Verify(const DeltaCursor& cursor, const LatestVersion& latest,
                           std::stop_token stop) {
  const Verified wanted{cursor.version, cursor.commit, cursor.table_id, latest.generation};
  {
    const MutexLock lock(mu_);
    if (verified_ == wanted && latest.version >= cursor.version) return OkStatus();
  }
  ASSIGN_OR_RETURN(const TableInfo info, table_->Describe(latest.version, stop));
  ASSIGN_OR_RETURN(const Continuity continuity, CheckContinuity(*table_, cursor, info, stop));
  RETURN_IF_ERROR(ContinuityStatus(continuity, address(), cursor, info));
  const MutexLock lock(mu_);
  verified_ = wanted;
  return OkStatus();
}

StatusOr<Lag> DeltaSource::Behind(const Cursor& from, std::stop_token stop) {
  ASSIGN_OR_RETURN(const DeltaCursor cursor, ParseCursor(from));
  ASSIGN_OR_RETURN(const LatestVersion latest, table_->Latest(stop));
  RETURN_IF_ERROR(Verify(cursor, latest, stop));
  Lag lag;
  lag.latest_version = latest.version;
  // In the middle of a snapshot, its own version is not applied yet.
  const bool whole = cursor.phase == DeltaCursor::Phase::kAt;
  const int64_t applied = whole ? cursor.version : cursor.version - 1;
  lag.versions = latest.version - applied;
  if (lag.versions == 0) return lag;
  const StatusOr<WallTime> oldest = table_->CommitTime(applied + 1, stop);
  if (oldest.ok()) lag.oldest_unapplied = *oldest;
  // Cleaned away: how far behind in time cannot be told, in versions it can.
  if (oldest.ok() || oldest.status().code() == StatusCode::kOutOfRange) return lag;
  return oldest.status();
}

StatusOr<WallTime> DeltaSource::CommittedAt(int64_t version, std::stop_token stop) {
  StatusOr<WallTime> time = table_->CommitTime(version, std::move(stop));
  if (time.status().code() != StatusCode::kOutOfRange) return time;
  return NotFound("{}: the commit of version {} was cleaned away", address(), version);
}

StatusOr<DeltaCursor> DeltaSource::CursorAt(const TableInfo& info,
                                            const std::vector<std::string>& names,
                                            std::stop_token stop) {
  DeltaCursor cursor;
  cursor.version = info.version;
  cursor.table_id = info.table_id;
  cursor.feed = info.change_feed;
  cursor.keys = KeyClasses(info, names, projection_);
  const StatusOr<std::string> commit = table_->Fingerprint(info.version, stop);
  if (commit.ok()) cursor.commit = *commit;
  if (commit.ok() || commit.status().code() == StatusCode::kOutOfRange) return cursor;
  return commit.status();
}

// The schema at the cursor, which tells a renamed column from a dropped one, is only loaded when a
// column is missing.
Status DeltaSource::CheckColumnsSince(const DeltaCursor& cursor, const TableInfo& latest,
                                      std::stop_token stop) {
  const Status status = CheckColumns(address(), latest, projection_, nullptr);
  if (Reason(status) != reason::kColumnMissing) return status;
  if (cursor.version < 0 || cursor.version > latest.version) return status;
  const StatusOr<TableInfo> before = table_->Describe(cursor.version, stop);
  return before.ok() ? CheckColumns(address(), latest, projection_, &*before) : status;
}

StatusOr<Cursor> DeltaSource::StartAt(int64_t version, std::stop_token stop) {
  ASSIGN_OR_RETURN(const Now now, LoadLatest(stop));
  if (version < 0 || version > now.latest.version + 1) {
    return InvalidArgument("{}: there is no version {} to start at; the latest is {}", address(),
                           version, now.latest.version);
  }
  RETURN_IF_ERROR(CheckColumns(address(), now.info, projection_, nullptr));
  if (!now.info.change_feed) {
    return WithReason(FailedPrecondition("{}: there is no change feed to start from at version {}",
                                         address(), version),
                      reason::kFeedOff);
  }
  TableInfo before = now.info;
  before.version = version - 1;
  const auto names = AllColumns(projection_);
  if (version == 0) {
    return ToCursor({.version = -1,
                     .table_id = before.table_id,
                     .feed = true,
                     .keys = KeyClasses(now.info, names, projection_)});
  }
  ASSIGN_OR_RETURN(const DeltaCursor cursor, CursorAt(before, names, stop));
  return ToCursor(cursor);
}

}  // namespace drift::delta
