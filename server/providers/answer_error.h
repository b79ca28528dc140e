// What an answer other than 200 means: one classification for all protocols, which differ in how
// the body is read (ErrorBody) and in what they put other meanings into (Verdict).
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "net/http.h"

namespace drift {

// A server's words, as far as they were understood; all may be empty.
struct ErrorBody {
  std::string message;
  std::string type;
  std::string param;
  std::string code;
  std::optional<std::chrono::milliseconds> wait;  // asked for in the body
  // The provider's own to begin with, where a 429 asks for none.
  std::optional<std::chrono::milliseconds> usual_wait;
  std::string remedy;  // better than the usual one
};

// Reads what is common to most protocols: {"error": {...}} or {"error": "..."} or the fields
// themselves; message or detail (a text, or FastAPI's list, of which the first counts); type or
// error_type; param; code or status. Anything else leaves it empty.
ErrorBody ReadErrorBody(std::string_view text);

struct ErrorContext {
  std::string_view provider;  // as configured
  std::string_view model;
  std::string_view url;
  std::string_view key_ref;            // env:NAME, for the remedy
  std::string_view key;                // never repeated
  std::span<const std::string> texts;  // never repeated
  WallTime now;
};

enum class Verdict : uint8_t {
  kThrottled,    // kResourceExhausted with the wait asked for, or a short one
  kOutOfMoney,   // kResourceExhausted without a wait, QUOTA_EXHAUSTED
  kBadKey,       // kUnauthenticated, UNAUTHENTICATED
  kDenied,       // kPermissionDenied
  kNoModel,      // kNotFound, MODEL_NOT_FOUND
  kNoAddress,    // kNotFound: base_url is wrong
  kBadInput,     // kInvalidArgument: a text, or the size of the request
  kBadSettings,  // kFailedPrecondition: the same in every request
  kConflict,     // kAborted: try again
  kTrouble,      // kUnavailable: try again, not billed
  kGateway,      // kUnavailable, maybe billed: somebody answers for a server that may be at work
  kUnexpected,   // kAborted BAD_ANSWER, maybe billed: a success that is none
};

// What the number says where the body says nothing else.
Verdict VerdictOf(int status);

// Never OK. The wait is looked for in the headers, then in `body.wait`, then in the message.
// `x-should-retry` overrules the verdict. Carries what the headers say of the quota (RateHintOf).
Status ErrorFromAnswer(const HttpResponse& response, const ErrorBody& body, Verdict verdict,
                       const ErrorContext& context);

}  // namespace drift
