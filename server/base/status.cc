#include "base/status.h"

#include <charconv>

namespace drift {
namespace {

constexpr char kReasonUrl[] = "drift/reason";
constexpr char kRemedyUrl[] = "drift/remedy";
constexpr char kRetryAfterUrl[] = "drift/retry-after-ms";

std::string Payload(const Status& status, const char* url) {
  auto payload = status.GetPayload(url);
  return payload ? std::string(*payload) : std::string();
}

Status WithPayload(Status status, const char* url, std::string_view value) {
  if (!status.ok())
    status.SetPayload(url, absl::Cord(absl::string_view(value.data(), value.size())));
  return status;
}

}  // namespace

Status MakeStatus(StatusCode code, std::string_view message) {
  return Status(code, absl::string_view(message.data(), message.size()));
}

std::string_view Message(const Status& status) {
  return {status.message().data(), status.message().size()};
}

Status Annotate(const Status& status, std::string_view act) {
  if (status.ok()) return status;
  Status out = Error(status.code(), "{}: {}", act, Message(status));
  status.ForEachPayload(
      [&out](absl::string_view url, const absl::Cord& value) { out.SetPayload(url, value); });
  return out;
}

Status WithReason(Status status, std::string_view reason) {
  return WithPayload(std::move(status), kReasonUrl, reason);
}

Status WithRemedy(Status status, std::string_view remedy) {
  return WithPayload(std::move(status), kRemedyUrl, remedy);
}

Status WithRetryAfter(Status status, std::chrono::milliseconds wait) {
  return WithPayload(std::move(status), kRetryAfterUrl, fmt::format("{}", wait.count()));
}

std::string Reason(const Status& status) {
  return Payload(status, kReasonUrl);
}

std::string Remedy(const Status& status) {
  return Payload(status, kRemedyUrl);
}

std::optional<std::chrono::milliseconds> RetryAfter(const Status& status) {
  const std::string text = Payload(status, kRetryAfterUrl);
  int64_t ms = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (text.empty() || parsed.ec != std::errc()) return std::nullopt;
  return std::chrono::milliseconds(ms);
}

bool IsRetryable(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kAborted:
      return true;
    case StatusCode::kResourceExhausted:
      return RetryAfter(status).has_value();
    default:
      return false;
  }
}

std::string_view CodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "OK";
    case StatusCode::kCancelled:
      return "CANCELLED";
    case StatusCode::kUnknown:
      return "UNKNOWN";
    case StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case StatusCode::kNotFound:
      return "NOT_FOUND";
    case StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case StatusCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case StatusCode::kAborted:
      return "ABORTED";
    case StatusCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case StatusCode::kUnimplemented:
      return "UNIMPLEMENTED";
    case StatusCode::kInternal:
      return "INTERNAL";
    case StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case StatusCode::kDataLoss:
      return "DATA_LOSS";
    case StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    default:
      return "UNKNOWN";
  }
}

}  // namespace drift
