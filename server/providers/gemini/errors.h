// What Google's errors mean: {"error": {"code", "message", "status", "details": [...]}}.
#pragma once

#include <string_view>

#include "providers/answer_error.h"

namespace drift::gemini {

// The common fields; the wait out of google.rpc.RetryInfo; as `type` the reason of
// google.rpc.ErrorInfo, and as `param` the id of the first quota that google.rpc.QuotaFailure
// names.
ErrorBody ReadBody(std::string_view text);
Verdict Judge(int status, const ErrorBody& body);

}  // namespace drift::gemini
