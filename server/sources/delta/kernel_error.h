// Errors of native/delta as Status.
#pragma once

#include <string_view>

#include "base/status.h"
#include "native/delta/drift_delta.h"

namespace drift::delta {

// Reason() of a range that goes over a change of the schema; never leaves this folder, because
// ranges are then read in parts.
inline constexpr std::string_view kSchemaChanged = "SCHEMA_CHANGED";

// Owns the strings of a dk_error.
class KernelError {
 public:
  KernelError() = default;
  KernelError(const KernelError&) = delete;
  KernelError& operator=(const KernelError&) = delete;
  ~KernelError() { dk_error_free(&error_); }

  dk_error* out() { return &error_; }

  // The error as a status that names `table`, with a Reason() where core/reasons.h has one:
  //   kInvalidArgument     an option or column that is not there; a version that does not exist yet
  //   kNotFound            TABLE_NOT_FOUND
  //   kPermissionDenied    refused credentials, or none
  //   kUnavailable         no answer
  //   kOutOfRange          HISTORY_GONE
  //   kFailedPrecondition  CHANGE_FEED_OFF, UNSUPPORTED_TABLE, SCHEMA_CHANGED
  //   kDataLoss            TABLE_CORRUPT
  //   kAborted             somebody else committed first
  //   kAlreadyExists, kCancelled, kInternal
  Status ToStatus(std::string_view table) const;

 private:
  dk_error error_{};
};

}  // namespace drift::delta
