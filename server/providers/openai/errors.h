// What an answer other than 200 means, in OpenAI's protocol and its dialects.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "net/http.h"

namespace drift::openai {

struct ErrorContext {
  std::string_view provider;  // as configured
  std::string_view model;
  std::string_view url;
  std::string_view key_ref;            // env:NAME, for the remedy
  std::string_view key;                // never repeated
  std::span<const std::string> texts;  // never repeated
  WallTime now;
};

// Never OK. `x-should-retry` overrules what the number says. Codes:
//   kUnauthenticated     401
//   kPermissionDenied    403
//   kNotFound            404, or a code that says so: the model (MODEL_NOT_FOUND), or the address
//   kResourceExhausted   429 with the wait asked for, or a short one; without a retry-after
//                        (QUOTA_EXHAUSTED): the account is out of money
//   kInvalidArgument     400, 413, 422: an input is unacceptable
//   kUnavailable         408, 5xx; kAborted: 409
//   kFailedPrecondition  anything else: the address or the configuration is wrong
// Marked as maybe billed (core/embedder.h) where a gateway answers for a server that may be at
// work.
Status ErrorFromAnswer(const HttpResponse& response, const ErrorContext& context);

}  // namespace drift::openai
