#include <fmt/format.h>

#include <utility>

#include "core/reasons.h"
#include "sources/delta/batch_reader.h"
#include "sources/delta/delta_source_impl.h"
#include "sources/delta/kernel_error.h"

namespace drift::delta {
namespace {

std::string Describe(const Window& window) {
  if (window.kind == Window::Kind::kSnapshot) return fmt::format("version {}", window.last_version);
  if (window.first_version == window.last_version) {
    return fmt::format("the changes of version {}", window.last_version);
  }
  return fmt::format("the changes of versions {} to {}", window.first_version, window.last_version);
}

// A commit may replace the schema and remove files with columns of other types at once: its changes
// cannot be read, by anybody; the table can. In a snapshot it is damage.
Status OtherTypes(std::string_view table, const Window& window, const Status& status) {
  if (window.kind == Window::Kind::kSnapshot) {
    return WithReason(DataLoss("{}: the table cannot be read: {}", table, Message(status)),
                      reason::kTableCorrupt);
  }
  return WithReason(OutOfRange("{}: {} cannot be read, because it replaced columns by others of "
                               "another type",
                               table, Describe(window)),
                    reason::kHistoryGone);
}

}  // namespace

Status DeltaSource::InWindow(const Window& window, const Status& status) {
  const std::string what = Describe(window);
  if (Reason(status) == kSchemaChanged) return OtherTypes(address(), window, status);
  if (Reason(status) != reason::kHistoryGone) {
    return Annotate(status, fmt::format("reading {}", what));
  }
  // Files of the latest version are never vacuumed: there it is damage, and a new snapshot would
  // fail like this one.
  const StatusOr<LatestVersion> latest = table_->Latest({});
  if (window.kind == Window::Kind::kSnapshot && latest.ok() &&
      latest->version == window.last_version) {
    return WithReason(DataLoss("{}: a data file of the latest version, {}, is missing", address(),
                               window.last_version),
                      reason::kTableCorrupt);
  }
  return WithReason(OutOfRange("{}: files of {} were removed by VACUUM", address(), what),
                    reason::kHistoryGone);
}

StatusOr<std::unique_ptr<KeyStream>> DeltaSource::ReadKeys(const Window& window,
                                                           std::stop_token stop) {
  ASSIGN_OR_RETURN(const WindowNotes notes, NotesFromJson(window.state));
  const std::span<const std::string> columns = notes.columns;
  if (columns.size() != projection_.key_columns.size() + projection_.columns.size()) {
    return InvalidArgument("{}: the window is of another pipeline", address());
  }
  // Also of a snapshot that goes on in the middle: which keys are gone shows only in all of them.
  auto reader = BatchReader::Open(*table_, window, columns.first(projection_.key_columns.size()), 0,
                                  std::move(stop));
  if (!reader.ok()) return InWindow(window, reader.status());
  const auto in_window = [this, window](const Status& status) { return InWindow(window, status); };
  return std::unique_ptr<KeyStream>(
      std::make_unique<DeltaKeyStream>(*std::move(reader), in_window));
}

StatusOr<std::unique_ptr<RowStream>> DeltaSource::ReadRows(const Window& window,
                                                           std::stop_token stop) {
  ASSIGN_OR_RETURN(const WindowNotes notes, NotesFromJson(window.state));
  if (notes.columns.size() != projection_.key_columns.size() + projection_.columns.size()) {
    return InvalidArgument("{}: the window is of another pipeline", address());
  }
  auto reader =
      BatchReader::Open(*table_, window, notes.columns, notes.first_file, std::move(stop));
  if (!reader.ok()) return InWindow(window, reader.status());
  std::optional<DeltaCursor> resume;
  if (window.kind == Window::Kind::kSnapshot) {
    ASSIGN_OR_RETURN(resume, ParseCursor(window.next));
    resume->phase = DeltaCursor::Phase::kSnapshot;
    resume->version = window.last_version;
    resume->file = notes.first_file;
  }
  const auto in_window = [this, window](const Status& status) { return InWindow(window, status); };
  return std::unique_ptr<RowStream>(
      std::make_unique<DeltaRowStream>(*std::move(reader), std::move(resume), rows_, in_window));
}

}  // namespace drift::delta
