#include "providers/answer_error.h"

#include "core/embedder.h"
#include "core/reasons.h"
#include "net/json.h"
#include "providers/error_text.h"
#include "providers/rate_hint.h"
#include "providers/retry_after.h"

namespace drift {
namespace {

// A throttled answer that does not say how long to wait; the wait grows if such answers follow one
// another (pipeline/pacer.h).
constexpr std::chrono::milliseconds kUnsaidWait{2'000};

struct Case {
  const HttpResponse& response;
  const ErrorBody& body;
  const ErrorContext& context;
};

// FastAPI's [{"loc": ["body", "input", 0], "msg": "...", "type": "..."}].
void ReadDetails(JsonView details, ErrorBody& out) {
  if (!details.is_array() || details.size() == 0) return;
  out.message = details[0].FindString("msg");
  out.type = details[0].FindString("type");
  const auto loc = details[0].Find("loc");
  if (!loc || !loc->is_array()) return;
  for (size_t i = 0; i < loc->size() && out.param.empty(); ++i) {
    const auto part = (*loc)[i].String();
    if (part.ok() && *part != "body") out.param = *part;
  }
}

std::string FirstOf(JsonView fields, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const std::string_view text = fields.FindString(name);
    if (!text.empty()) return std::string(text);
  }
  return "";
}

// "openai: throttled (429, rate_limit_exceeded): Rate limit reached ..."
Status Say(const Case& c, StatusCode code, std::string_view what) {
  std::string out = fmt::format("{}: {} ({}", c.context.provider, what, c.response.status);
  if (const std::string word = Quotable(c.body.code, c.context.texts, c.context.key);
      !word.empty() && word != std::to_string(c.response.status)) {
    out += ", " + word;
  }
  out += ")";
  const std::string said = Quotable(c.body.message, c.context.texts, c.context.key);
  if (!said.empty()) out += ": " + said;
  return MakeStatus(code, out);
}

std::optional<std::chrono::milliseconds> WaitOf(const Case& c) {
  return FindRetryAfter(c.response.headers, c.body.wait, c.body.message, c.context.now);
}

Status OutOfMoney(const Case& c) {
  return WithRemedy(
      WithReason(Say(c, StatusCode::kResourceExhausted, "the account's quota is used up"),
                 reason::kQuotaExhausted),
      fmt::format("add credit or raise the limit in the account of provider '{}', then resume the "
                  "pipeline",
                  c.context.provider));
}

Status BadKey(const Case& c) {
  // What the server says of it holds part of the key.
  return WithRemedy(
      WithReason(Unauthenticated("{}: the API key was refused ({})", c.context.provider,
                                 c.response.status),
                 reason::kUnauthenticated),
      fmt::format("check the key of provider '{}' ({})", c.context.provider,
                  c.context.key_ref.empty() ? "none is configured" : c.context.key_ref));
}

Status NoModel(const Case& c) {
  return WithRemedy(
      WithReason(
          Say(c, StatusCode::kNotFound, fmt::format("there is no model '{}'", c.context.model)),
          reason::kModelNotFound),
      c.body.remedy.empty() ? "check the model's name and whether the account may use it"
                            : c.body.remedy);
}

Status NoAddress(const Case& c) {
  return WithRemedy(
      Say(c, StatusCode::kNotFound, fmt::format("nothing answers at {}", c.context.url)),
      fmt::format("check base_url of provider '{}'", c.context.provider));
}

Status BadSettings(const Case& c) {
  return WithRemedy(
      Say(c, StatusCode::kFailedPrecondition, fmt::format("{} refused the request", c.context.url)),
      fmt::format("check base_url and options of provider '{}'", c.context.provider));
}

Status Trouble(const Case& c, StatusCode code) {
  Status out = Say(c, code, "the server has trouble");
  const auto wait = WaitOf(c);
  return wait ? WithRetryAfter(std::move(out), *wait) : out;
}

Status Unexpected(const Case& c) {
  return MarkMaybeBilled(
      WithReason(Say(c, StatusCode::kAborted, "an unexpected answer"), reason::kBadAnswer));
}

Status Throttled(const Case& c) {
  const Status status = Say(c, StatusCode::kResourceExhausted, "throttled");
  const auto wait = WaitOf(c);
  if (wait) return WithRetryAfter(status, *wait);
  return MarkUnsaidWait(WithRetryAfter(status, c.body.usual_wait.value_or(kUnsaidWait)));
}

Status StatusOf(Verdict verdict, const Case& c) {
  switch (verdict) {
    case Verdict::kThrottled:
      return Throttled(c);
    case Verdict::kOutOfMoney:
      return OutOfMoney(c);
    case Verdict::kBadKey:
      return BadKey(c);
    case Verdict::kDenied:
      return Say(c, StatusCode::kPermissionDenied, "access is denied");
    case Verdict::kNoModel:
      return NoModel(c);
    case Verdict::kNoAddress:
      return NoAddress(c);
    case Verdict::kBadInput:
      return Say(c, StatusCode::kInvalidArgument, "the input was refused");
    case Verdict::kBadSettings:
      return BadSettings(c);
    case Verdict::kConflict:
      return Trouble(c, StatusCode::kAborted);
    case Verdict::kTrouble:
      return Trouble(c, StatusCode::kUnavailable);
    case Verdict::kGateway:
      return MarkMaybeBilled(Trouble(c, StatusCode::kUnavailable));
    case Verdict::kUnexpected:
      return Unexpected(c);
  }
  return Internal("no such verdict");
}

Status Overruled(Status status, const HttpResponse& response) {
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

}  // namespace

ErrorBody ReadErrorBody(std::string_view text) {
  ErrorBody out;
  const auto document = JsonDocument::Parse(text);
  if (!document.ok()) return out;
  JsonView fields = document->root();
  if (const auto error = fields.Find("error")) {
    if (error->is_string()) out.message = *error->String();
    if (error->is_object()) fields = *error;
  }
  if (const auto detail = fields.Find("detail")) ReadDetails(*detail, out);
  if (out.message.empty()) out.message = FirstOf(fields, {"message", "detail"});
  if (out.type.empty()) out.type = FirstOf(fields, {"type", "error_type"});
  if (out.param.empty()) out.param = fields.FindString("param");
  out.code = FirstOf(fields, {"code", "status"});
  return out;
}

Verdict VerdictOf(int status) {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return Verdict::kBadInput;
    case 401:
      return Verdict::kBadKey;
    case 402:
      return Verdict::kOutOfMoney;
    case 403:
      return Verdict::kDenied;
    case 404:
      return Verdict::kNoAddress;
    case 408:
    case 499:  // somebody between us and the server hung up on it
    case 502:
    case 504:
    case 520:  // Cloudflare: the server's answer was none, or came too late
    case 524:
      return Verdict::kGateway;
    case 409:
      return Verdict::kConflict;
    case 429:
      return Verdict::kThrottled;
    default:
      if (status >= 500) return Verdict::kTrouble;
      return status < 300 ? Verdict::kUnexpected : Verdict::kBadSettings;
  }
}

Status ErrorFromAnswer(const HttpResponse& response, const ErrorBody& body, Verdict verdict,
                       const ErrorContext& context) {
  const Status status = Overruled(StatusOf(verdict, {response, body, context}), response);
  return WithRateHint(status, ReadRateHint(response.headers, context.now));
}

}  // namespace drift
