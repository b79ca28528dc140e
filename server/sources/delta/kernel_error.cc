#include "sources/delta/kernel_error.h"

#include <string>

#include "core/reasons.h"
#include "sources/delta/table_address.h"

namespace drift::delta {
namespace {

Status NoTable(std::string_view table, std::string_view why) {
  if (IsOnDisk(table)) {
    const std::string_view what = why == "no such folder" ? why : "no _delta_log folder";
    return NotFound("{}: no Delta table here ({}). The path is read by the daemon, on its machine.",
                    table, what);
  }
  const bool no_bucket = why.find("ucket") != std::string_view::npos ||
                         why.find("Container") != std::string_view::npos;
  if (no_bucket) return NotFound("{}: no Delta table here ({})", table, why);
  return NotFound("{}: no Delta table here (nothing under _delta_log/)", table);
}

Status HistoryGone(std::string_view table, const dk_error& error) {
  if (error.version < 0) return OutOfRange("{}: {}", table, error.message);
  return OutOfRange("{}: {} The earliest version that can still be read is {}.", table,
                    error.message, error.version);
}

Status FeedOff(std::string_view table, const dk_error& error) {
  return FailedPrecondition("{}: the change feed is off at version {}", table, error.version);
}

}  // namespace

Status KernelError::ToStatus(std::string_view table) const {
  const char* message = error_.message == nullptr ? "no message" : error_.message;
  switch (static_cast<dk_code>(error_.code)) {
    case DK_OK:
      return OkStatus();
    case DK_INVALID_ARGUMENT:
    case DK_NOT_YET:
      return InvalidArgument("{}: {}", table, message);
    case DK_NOT_FOUND:
      return WithReason(NoTable(table, message), reason::kTableNotFound);
    case DK_PERMISSION:
      return PermissionDenied("{}: the store refuses access: {}", table, message);
    case DK_RETRY:
      return Unavailable("{}: the store does not answer: {}", table, message);
    case DK_HISTORY_GONE:
      return WithReason(HistoryGone(table, error_), reason::kHistoryGone);
    case DK_FEED_OFF:
      return WithReason(FeedOff(table, error_), reason::kFeedOff);
    case DK_SCHEMA_CHANGED:
      return WithReason(FailedPrecondition("{}: {}", table, message), kSchemaChanged);
    case DK_UNSUPPORTED:
      return WithReason(FailedPrecondition("{}: {}", table, message), reason::kUnsupportedTable);
    case DK_CORRUPT:
      return WithReason(DataLoss("{}: the table cannot be read: {}", table, message),
                        reason::kTableCorrupt);
    case DK_CANCELLED:
      return Cancelled("{}: cancelled", table);
    case DK_CONFLICT:
      return Aborted("{}: {}", table, message);
    case DK_EXISTS:
      return AlreadyExists("{}: there is a Delta table already", table);
    case DK_INTERNAL:
      break;
  }
  return Internal("{}: {} ({})", table, message, error_.kind == nullptr ? "" : error_.kind);
}

}  // namespace drift::delta
