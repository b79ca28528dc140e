#include "providers/gemini/errors.h"

#include <algorithm>

#include "net/json.h"
#include "providers/retry_after.h"

namespace drift::gemini {
namespace {

// A quota of the day that is used up is asked for again this often, whatever the answer proposes:
// it comes back at midnight in California.
constexpr std::chrono::minutes kDailyWait{15};
// A 429 that does not say how long: the quotas are those of a minute.
constexpr std::chrono::seconds kUnsaidMinute{5};

void ReadDetail(JsonView detail, ErrorBody& out) {
  const std::string_view type = detail.FindString("@type");
  if (type.ends_with("google.rpc.RetryInfo")) {
    out.wait = ParseDuration(detail.FindString("retryDelay"));
  } else if (type.ends_with("google.rpc.ErrorInfo")) {
    out.type = detail.FindString("reason");
  } else if (type.ends_with("google.rpc.QuotaFailure")) {
    const auto violations = detail.Find("violations");
    if (!violations || !violations->is_array() || violations->size() == 0) return;
    out.param = (*violations)[0].FindString("quotaId");
  }
}

}  // namespace

ErrorBody ReadBody(std::string_view text) {
  ErrorBody out = ReadErrorBody(text);
  const auto document = JsonDocument::Parse(text);
  if (!document.ok()) return out;
  const auto error = document->root().Find("error");
  const auto details = error ? error->Find("details") : std::nullopt;
  if (details && details->is_array()) {
    for (size_t i = 0; i < details->size(); ++i) ReadDetail((*details)[i], out);
  }
  if (out.code != "RESOURCE_EXHAUSTED") return out;
  const bool daily = out.param.find("PerDay") != std::string::npos;
  if (daily)
    out.wait = std::max<std::chrono::milliseconds>(kDailyWait, out.wait.value_or(kDailyWait));
  out.usual_wait = kUnsaidMinute;
  return out;
}

Verdict Judge(int status, const ErrorBody& body) {
  const auto says = [&](std::string_view words) {
    return body.message.find(words) != std::string::npos;
  };
  const Verdict plain = VerdictOf(status);
  // A wrong key is a 400 here.
  if (body.type.starts_with("API_KEY_") || says("API key not valid") || says("API key expired")) {
    return Verdict::kBadKey;
  }
  if (plain == Verdict::kNoAddress && (says("is not found for API version") || says("models/"))) {
    return Verdict::kNoModel;
  }
  if (plain != Verdict::kBadInput) return plain;
  // The place the account is in, or billing that is not set up.
  if (body.code == "FAILED_PRECONDITION") return Verdict::kDenied;
  const bool settings = says("output_dimensionality") || says("outputDimensionality") ||
                        says("task_type") || says("taskType") || says("Unknown name");
  return settings ? Verdict::kBadSettings : plain;
}

}  // namespace drift::gemini
