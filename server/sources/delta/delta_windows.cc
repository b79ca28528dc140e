#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/reasons.h"
#include "sources/delta/delta_source_impl.h"
#include "sources/delta/kernel_error.h"
#include "sources/delta/window_plan.h"

namespace drift::delta {

StatusOr<Window> DeltaSource::SnapshotWindow(const TableInfo& info, const TableInfo& latest,
                                             int64_t first_file, std::stop_token stop) {
  const WindowNotes notes{first_file, MapColumns(info, latest, projection_)};
  ASSIGN_OR_RETURN(const DeltaCursor next, CursorAt(info, notes.columns, stop));
  return Window{.kind = Window::Kind::kSnapshot,
                .first_version = info.version,
                .last_version = info.version,
                .resumed = first_file > 0,
                .next = ToCursor(next),
                .state = NotesToJson(notes)};
}

StatusOr<std::optional<TableInfo>> DeltaSource::PinnedVersion(const DeltaCursor& cursor,
                                                              const TableInfo& latest,
                                                              std::stop_token stop) {
  const std::optional<TableInfo> none;
  if (cursor.phase != DeltaCursor::Phase::kSnapshot) return none;
  if (cursor.version == latest.version) return std::optional(latest);
  ASSIGN_OR_RETURN(const bool readable, table_->IsReadable(cursor.version, stop));
  if (!readable) return none;
  ASSIGN_OR_RETURN(const TableInfo info, table_->Describe(cursor.version, stop));
  // Rows under keys of another type would all be replaced right after.
  const auto now = KeyClasses(latest, AllColumns(projection_), projection_);
  const auto then = KeyClasses(info, MapColumns(info, latest, projection_), projection_);
  if (!CheckKeyClasses(address(), then, now, latest.version).ok()) return none;
  return std::optional(info);
}

StatusOr<Window> DeltaSource::Snapshot(const std::optional<Cursor>& from, std::stop_token stop) {
  ASSIGN_OR_RETURN(const Now now, LoadLatest(stop));
  if (!from) {
    RETURN_IF_ERROR(CheckColumns(address(), now.info, projection_, nullptr));
    return SnapshotWindow(now.info, now.info, 0, stop);
  }
  ASSIGN_OR_RETURN(const DeltaCursor cursor, ParseCursor(*from));
  RETURN_IF_ERROR(CheckColumnsSince(cursor, now.info, stop));
  ASSIGN_OR_RETURN(const Continuity continuity, CheckContinuity(*table_, cursor, now.info, stop));
  if (continuity == Continuity::kSame) {
    ASSIGN_OR_RETURN(const auto pinned, PinnedVersion(cursor, now.info, stop));
    if (pinned) return SnapshotWindow(*pinned, now.info, cursor.file, stop);
  }
  ASSIGN_OR_RETURN(Window window, SnapshotWindow(now.info, now.info, 0, stop));
  window.restarts_versions = continuity != Continuity::kSame;
  return window;
}

StatusOr<std::optional<Window>> DeltaSource::Next(const Cursor& from, const WindowLimits& limits,
                                                  std::stop_token stop) {
  ASSIGN_OR_RETURN(const DeltaCursor cursor, ParseCursor(from));
  ASSIGN_OR_RETURN(const LatestVersion latest, table_->Latest(stop));
  RETURN_IF_ERROR(Verify(cursor, latest, stop));
  if (cursor.phase == DeltaCursor::Phase::kSnapshot) {
    ASSIGN_OR_RETURN(Window window, Snapshot(from, stop));
    return std::optional<Window>(std::move(window));
  }
  if (latest.version == cursor.version) return std::optional<Window>();
  ASSIGN_OR_RETURN(const TableInfo info, table_->Describe(latest.version, stop));
  RETURN_IF_ERROR(CheckColumnsSince(cursor, info, stop));
  const auto keys = KeyClasses(info, AllColumns(projection_), projection_);
  RETURN_IF_ERROR(CheckKeyClasses(address(), cursor.keys, keys, info.version));
  ASSIGN_OR_RETURN(const bool by_feed, GoesByFeed(cursor, stop));
  ASSIGN_OR_RETURN(Window window, by_feed ? ChangesWindow(cursor, info, limits, stop)
                                          : SnapshotWindow(info, info, 0, stop));
  return std::optional<Window>(std::move(window));
}

// A table kept in step by snapshot diff goes over to its change feed once that is on for all that
// is still to be read.
StatusOr<bool> DeltaSource::GoesByFeed(const DeltaCursor& cursor, std::stop_token stop) {
  if (cursor.feed) return true;
  const StatusOr<TableInfo> first = table_->Describe(cursor.version + 1, stop);
  if (first.ok()) return first->change_feed;
  if (first.status().code() == StatusCode::kOutOfRange) return false;
  return first.status();
}

StatusOr<int64_t> DeltaSource::LastOfWindow(int64_t first, const TableInfo& latest,
                                            const WindowLimits& limits, std::stop_token stop) {
  const int64_t most = std::max<int64_t>(limits.max_versions, 1);
  const int64_t last = std::min(latest.version, first + most - 1);
  ASSIGN_OR_RETURN(const auto commits, table_->ReadHistory(first, last, limits.max_bytes, stop));
  if (!commits.front().change_feed) {
    return WithReason(
        FailedPrecondition("{}: the change feed is off at version {}", address(), first),
        reason::kFeedOff);
  }
  return PlanWindow(commits, limits);
}

StatusOr<Window> DeltaSource::ChangesWindow(const DeltaCursor& cursor, const TableInfo& latest,
                                            const WindowLimits& limits, std::stop_token stop) {
  const int64_t first = cursor.version + 1;
  StatusOr<int64_t> last = LastOfWindow(first, latest, limits, stop);
  if (!last.ok()) return CleanedAway(last.status(), first, latest.version);
  // The kernel's own view of what a schema change is decides in the end.
  Status opened = TryRange(first, *last, stop);
  if (Reason(opened) == kSchemaChanged && *last > first) {
    last = first;
    opened = TryRange(first, first, stop);
  }
  if (!opened.ok()) return CleanedAway(opened, first, *last);
  ASSIGN_OR_RETURN(const TableInfo info, table_->Describe(*last, stop));
  const WindowNotes notes{0, MapColumns(info, latest, projection_)};
  ASSIGN_OR_RETURN(const DeltaCursor next, CursorAt(info, notes.columns, stop));
  RETURN_IF_ERROR(CheckKeyClasses(address(), cursor.keys, next.keys, info.version));
  return Window{.kind = Window::Kind::kChanges,
                .first_version = first,
                .last_version = *last,
                .next = ToCursor(next),
                .state = NotesToJson(notes)};
}

Status DeltaSource::TryRange(int64_t first, int64_t last, std::stop_token stop) {
  const std::vector<std::string> any = {"_change_type", "_commit_version"};
  return table_->Changes(first, last, any, stop).status();
}

StatusOr<Window> DeltaSource::Cut(const Window& window, int64_t version, std::stop_token stop) {
  if (window.kind != Window::Kind::kChanges || version < window.first_version ||
      version >= window.last_version) {
    return InvalidArgument("{}: a window of versions {} to {} cannot end at version {}", address(),
                           window.first_version, window.last_version, version);
  }
  ASSIGN_OR_RETURN(const WindowNotes notes, NotesFromJson(window.state));
  ASSIGN_OR_RETURN(const TableInfo info, table_->Describe(version, stop));
  ASSIGN_OR_RETURN(const DeltaCursor next, CursorAt(info, notes.columns, stop));
  Window cut = window;
  cut.last_version = version;
  cut.next = ToCursor(next);
  return cut;
}

StatusOr<Window> DeltaSource::SnapshotAt(const Cursor& from, std::stop_token stop) {
  ASSIGN_OR_RETURN(const DeltaCursor cursor, ParseCursor(from));
  if (cursor.version < 0) {
    return InvalidArgument("{}: nothing of the table has been applied yet", address());
  }
  ASSIGN_OR_RETURN(const Now now, LoadLatest(stop));
  RETURN_IF_ERROR(Verify(cursor, now.latest, stop));
  RETURN_IF_ERROR(CheckColumnsSince(cursor, now.info, stop));
  const StatusOr<TableInfo> info = table_->Describe(cursor.version, stop);
  if (!info.ok()) return CleanedAway(info.status(), cursor.version, cursor.version);
  ASSIGN_OR_RETURN(Window window, SnapshotWindow(*info, now.info, 0, stop));
  window.next = from;
  return window;
}

// History that is gone is told by the versions it was of, not by the file that was looked for.
Status DeltaSource::CleanedAway(const Status& status, int64_t first, int64_t last) const {
  if (Reason(status) != reason::kHistoryGone) return status;
  const std::string which = first == last ? fmt::format("version {}", first)
                                          : fmt::format("versions {} to {}", first, last);
  // Ends with the earliest version that is left, where that is known.
  std::string_view rest = Message(status);
  const size_t earliest = rest.find("The earliest version");
  rest = earliest == std::string_view::npos ? "" : rest.substr(earliest);
  return WithReason(OutOfRange("{}: the log of {} was cleaned away.{}{}", address(), which,
                               rest.empty() ? "" : " ", rest),
                    reason::kHistoryGone);
}

}  // namespace drift::delta
