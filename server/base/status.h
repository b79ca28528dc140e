// What can fail returns Status or StatusOr<T>; dropping one does not compile. The code says what
// the caller should do, the message what happened; three optional notes ride along:
//   reason       a fixed word for programs, e.g. HISTORY_GONE (see core/reasons.h)
//   remedy       what a person should do, one sentence
//   retry-after  how long a server asked us to wait
//
// What a pipeline does with a code (docs/life-of-a-change.md):
//   kUnavailable, kDeadlineExceeded, kAborted      back off with jitter, the same batch again
//   kResourceExhausted with a retry-after          wait as told; uses up no retry
//   kCancelled                                     return quietly
//   kDataLoss, kInternal                           pause, ERROR log
//   everything else                                pause and show the status; other pipelines go on
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <fmt/core.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace drift {

using absl::OkStatus;
using absl::Status;
using absl::StatusCode;
using absl::StatusOr;

// Debian's abseil has its own string_view, so messages are made here and nowhere else.
Status MakeStatus(StatusCode code, std::string_view message);

template <typename... Args>
Status Error(StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(code, fmt::format(format, std::forward<Args>(args)...));
}

#define DRIFT_DEFINE_ERROR(Name)                                            \
  template <typename... Args>                                               \
  Status Name(fmt::format_string<Args...> format, Args&&... args) {         \
    return Error(StatusCode::k##Name, format, std::forward<Args>(args)...); \
  }
DRIFT_DEFINE_ERROR(Aborted)
DRIFT_DEFINE_ERROR(AlreadyExists)
DRIFT_DEFINE_ERROR(Cancelled)
DRIFT_DEFINE_ERROR(DataLoss)
DRIFT_DEFINE_ERROR(DeadlineExceeded)
DRIFT_DEFINE_ERROR(FailedPrecondition)
DRIFT_DEFINE_ERROR(Internal)
DRIFT_DEFINE_ERROR(InvalidArgument)
DRIFT_DEFINE_ERROR(NotFound)
DRIFT_DEFINE_ERROR(OutOfRange)
DRIFT_DEFINE_ERROR(PermissionDenied)
DRIFT_DEFINE_ERROR(ResourceExhausted)
DRIFT_DEFINE_ERROR(Unauthenticated)
DRIFT_DEFINE_ERROR(Unavailable)
DRIFT_DEFINE_ERROR(Unimplemented)
#undef DRIFT_DEFINE_ERROR

// The message as std::string_view; valid while `status` lives.
std::string_view Message(const Status& status);

// "writing points: <message>", same code and notes. OK stays OK.
Status Annotate(const Status& status, std::string_view act);

// Notes. Set on a non-OK status; a second call replaces the first. Readers return empty/nullopt
// when the note is absent.
Status WithReason(Status status, std::string_view reason);
Status WithRemedy(Status status, std::string_view remedy);
Status WithRetryAfter(Status status, std::chrono::milliseconds wait);
std::string Reason(const Status& status);
std::string Remedy(const Status& status);
std::optional<std::chrono::milliseconds> RetryAfter(const Status& status);

// Whether trying the same thing again can help: kUnavailable, kDeadlineExceeded, kAborted, or
// kResourceExhausted with a retry-after.
bool IsRetryable(const Status& status);

// "kNotFound" → "NOT_FOUND".
std::string_view CodeName(StatusCode code);

inline const Status& ToStatus(const Status& status) {
  return status;
}
template <typename T>
const Status& ToStatus(const StatusOr<T>& result) {
  return result.status();
}

}  // namespace drift

#define DRIFT_CONCAT_INNER(a, b) a##b
#define DRIFT_CONCAT(a, b) DRIFT_CONCAT_INNER(a, b)

// Returns the status of `expr` from the enclosing function if it is not OK.
#define RETURN_IF_ERROR(expr)                                        \
  do {                                                               \
    if (auto drift_status = (expr); !drift_status.ok()) [[unlikely]] \
      return drift_status;                                           \
  } while (false)

// ASSIGN_OR_RETURN(auto rows, Load());  declares or assigns, or returns the error.
#define ASSIGN_OR_RETURN(lhs, expr) \
  DRIFT_ASSIGN_OR_RETURN_IMPL(DRIFT_CONCAT(drift_result_, __LINE__), lhs, expr)
#define DRIFT_ASSIGN_OR_RETURN_IMPL(result, lhs, expr) \
  auto result = (expr);                                \
  if (!result.ok()) [[unlikely]]                       \
    return result.status();                            \
  lhs = std::move(result).value()
