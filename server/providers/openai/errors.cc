#include "providers/openai/errors.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/embedder.h"
#include "core/reasons.h"
#include "net/json.h"
#include "providers/error_text.h"
#include "providers/retry_after.h"

namespace drift::openai {
namespace {

// A 429 that does not say how long to wait.
constexpr std::chrono::milliseconds kUnsaidWait{2'000};

// The parts of {"error":{"message","type","param","code"}}, or of a dialect.
struct Body {
  std::string message;
  std::string type;
  std::string param;
  std::string code;
};

Body ReadBody(std::string_view text) {
  Body out;
  const auto document = JsonDocument::Parse(text);
  if (!document.ok()) return out;
  JsonView fields = document->root();
  if (const auto error = fields.Find("error")) {
    if (error->is_string()) out.message = *error->String();
    fields = *error;
  }
  if (out.message.empty()) out.message = fields.FindString("message");
  if (out.message.empty()) out.message = fields.FindString("detail");
  out.type = fields.FindString("type");
  out.param = fields.FindString("param");
  out.code = fields.FindString("code");
  return out;
}

template <size_t N>
bool IsOneOf(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsOutOfMoney(int status, const Body& body) {
  constexpr std::array<std::string_view, 4> kCodes = {"insufficient_quota",
                                                      "billing_hard_limit_reached",
                                                      "billing_not_active", "access_terminated"};
  return status == 402 || IsOneOf(body.code, kCodes) || IsOneOf(body.type, kCodes);
}

// Whether a 400 is about something that is the same in every request.
bool IsAboutSettings(const Body& body) {
  constexpr std::array<std::string_view, 4> kParams = {"model", "dimensions", "encoding_format",
                                                       "user"};
  return IsOneOf(body.param, kParams) ||
         body.message.find("does not support specifying dimensions") != std::string::npos;
}

bool IsAboutModel(const Body& body, const ErrorContext& context) {
  return body.code == "model_not_found" || body.param == "model" ||
         body.message.find(context.model) != std::string::npos ||
         body.message.find("model ID") != std::string::npos;
}

// "openai: throttled (429, rate_limit_exceeded): Rate limit reached ..."
template <typename... Args>
std::string Compose(const ErrorContext& context, int status, const Body& body,
                    std::string_view what) {
  std::string out = fmt::format("{}: {} ({}", context.provider, what, status);
  if (const std::string code = Quotable(body.code, context.texts, context.key); !code.empty()) {
    out += ", " + code;
  }
  out += ")";
  const std::string said = Quotable(body.message, context.texts, context.key);
  if (!said.empty()) out += ": " + said;
  return out;
}

Status Throttled(const HttpResponse& response, const ErrorContext& context, const Body& body) {
  const auto wait = FindRetryAfter(response.headers, body.message, context.now);
  return WithRetryAfter(
      MakeStatus(StatusCode::kResourceExhausted, Compose(context, 429, body, "throttled")),
      wait.value_or(kUnsaidWait));
}

Status OutOfMoney(int status, const ErrorContext& context, const Body& body) {
  return WithRemedy(
      WithReason(MakeStatus(StatusCode::kResourceExhausted,
                            Compose(context, status, body, "the account's quota is used up")),
                 reason::kQuotaExhausted),
      fmt::format("add credit or raise the limit in the account of provider '{}', then resume the "
                  "pipeline",
                  context.provider));
}

Status BadKey(const ErrorContext& context) {
  // What the server says of it holds part of the key.
  return WithRemedy(
      WithReason(Unauthenticated("{}: the API key was refused (401)", context.provider),
                 reason::kUnauthenticated),
      fmt::format("check the key of provider '{}' ({})", context.provider,
                  context.key_ref.empty() ? "none is configured" : context.key_ref));
}

Status NoSuchThing(int status, const ErrorContext& context, const Body& body) {
  if (!IsAboutModel(body, context)) {
    return WithRemedy(MakeStatus(StatusCode::kNotFound,
                                 Compose(context, status, body,
                                         fmt::format("nothing answers at {}", context.url))),
                      fmt::format("check base_url of provider '{}'", context.provider));
  }
  return WithRemedy(
      WithReason(MakeStatus(StatusCode::kNotFound,
                            Compose(context, status, body,
                                    fmt::format("there is no model '{}'", context.model))),
                 reason::kModelNotFound),
      "check the model's name and whether the account may use it");
}

Status Refused(StatusCode code, int status, const ErrorContext& context, const Body& body,
               std::string_view what) {
  return MakeStatus(code, Compose(context, status, body, what));
}

Status ServerTrouble(const HttpResponse& response, const ErrorContext& context, const Body& body) {
  const int status = response.status;
  const auto code = status == 409 ? StatusCode::kAborted : StatusCode::kUnavailable;
  Status out = Refused(code, status, context, body, "the server has trouble");
  if (const auto wait = FindRetryAfter(response.headers, body.message, context.now)) {
    out = WithRetryAfter(std::move(out), *wait);
  }
  // A gateway gave up on a server that may have done its work.
  const bool gateway = status == 408 || status == 502 || status == 504;
  return gateway ? MarkMaybeBilled(std::move(out)) : out;
}

Status Classify(const HttpResponse& response, const ErrorContext& context, const Body& body) {
  const int status = response.status;
  if (status == 401) return BadKey(context);
  if (IsOutOfMoney(status, body)) return OutOfMoney(status, context, body);
  if (status == 404 || body.code == "model_not_found") return NoSuchThing(status, context, body);
  if (status == 403) {
    return Refused(StatusCode::kPermissionDenied, status, context, body, "access is denied");
  }
  if (status == 429) return Throttled(response, context, body);
  if (status == 408 || status == 409 || status >= 500) {
    return ServerTrouble(response, context, body);
  }
  if (status == 400 || status == 413 || status == 422) {
    if (body.param == "model") return NoSuchThing(status, context, body);
    if (!IsAboutSettings(body)) {
      return Refused(StatusCode::kInvalidArgument, status, context, body, "the input was refused");
    }
  }
  if (status < 300) {
    return MarkMaybeBilled(
        WithReason(Refused(StatusCode::kAborted, status, context, body, "an unexpected answer"),
                   reason::kBadAnswer));
  }
  return WithRemedy(Refused(StatusCode::kFailedPrecondition, status, context, body,
                            fmt::format("{} refused the request", context.url)),
                    fmt::format("check base_url and options of provider '{}'", context.provider));
}

}  // namespace

Status ErrorFromAnswer(const HttpResponse& response, const ErrorContext& context) {
  const Body body = ReadBody(response.body);
  Status status = Classify(response, context, body);
  const auto verdict = response.headers.Find("x-should-retry");
  if (verdict == "true" && !IsRetryable(status)) {
    return MakeStatus(StatusCode::kUnavailable, Message(status));
  }
  if (verdict == "false" && IsRetryable(status)) {
    const Status final = WithRemedy(MakeStatus(StatusCode::kFailedPrecondition, Message(status)),
                                    "the server says that trying again will not help");
    return MaybeBilled(status) ? MarkMaybeBilled(final) : final;
  }
  return status;
}

}  // namespace drift::openai
