// Who embeds: one model at one endpoint.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/types.h"

namespace drift {

// How RequestLimits::max_tokens is counted.
enum class TokenRule : uint8_t {
  kTokens,        // by the model's tokenizer
  kQuarterBytes,  // as that, and also as a quarter of each text's UTF-8 bytes, rounded up (OpenAI)
};

// How a provider counts a request against its limits. 0: no such limit.
struct RequestLimits {
  int64_t max_items = 0;
  int64_t max_tokens = 0;       // summed over the request, as the provider counts (see token_rule)
  int64_t max_bytes = 0;        // of the request body
  int64_t max_item_tokens = 0;  // of one text
  TokenRule token_rule = TokenRule::kTokens;
};

// Quota per minute. 0: unknown or none.
struct RateLimits {
  int64_t requests_per_minute = 0;
  int64_t tokens_per_minute = 0;
  int64_t items_per_minute = 0;  // texts, where the provider counts those (Cohere, Gemini)
  int64_t max_concurrency = 0;   // requests in flight at once

  bool operator==(const RateLimits&) const = default;
};

struct ModelInfo {
  std::string provider;  // as configured, e.g. "openai"
  std::string name;      // e.g. "text-embedding-3-small"
  int32_t dimensions = 0;
  // Names the vector space: equal fingerprints and dimensions mean vectors may lie in one index and
  // may be reused for equal text. Weights' hash for local models, provider type and model
  // elsewhere.
  std::string fingerprint;
  RequestLimits request;
  RateLimits rate;
  bool is_free = false;   // runs here or costs nothing: no intent is written
  bool is_local = false;  // runs inside the process: CPU, not network, is the limit

  std::string id() const { return provider + "/" + name; }
};

// What the headers of an answer said of one kind of quota; nullopt: nothing.
struct QuotaWindow {
  std::optional<int64_t> limit;                    // in one window, mostly a minute
  std::optional<int64_t> remaining;                // after the request that was answered
  std::optional<std::chrono::milliseconds> reset;  // from then until all of it is there again

  bool operator==(const QuotaWindow&) const = default;
};

// What an answer said of the account's quota. A hint: other users of the account draw on it too,
// and answers may overtake one another.
struct RateHint {
  QuotaWindow requests;
  QuotaWindow tokens;  // the narrowest, where there are several (of the organisation, the project)
  QuotaWindow items;   // texts

  bool empty() const { return *this == RateHint(); }
  bool operator==(const RateHint&) const = default;
};

struct Embeddings {
  // One per text, in the order of the texts; unit length. Empty where `rejected` names the text.
  std::vector<Vector> vectors;
  std::vector<ItemError> rejected;
  // As the provider billed the request; nullopt when it does not say.
  std::optional<int64_t> billed_tokens;
  // What an estimate by length alone makes of the texts that were billed; set beside billed_tokens
  // where no tokenizer counts them, so that estimates can be corrected.
  std::optional<int64_t> guessed_tokens;
  RateHint rate;
};

// Safe for concurrent use; one attempt, no retry inside. Codes:
//   kInvalidArgument     an input of this request is unacceptable and the provider does not say
//   which:
//                        the caller halves the batch; alone, the text is a dead letter
//   kResourceExhausted   throttled with retry-after; without: quota used up (QUOTA_EXHAUSTED)
//   kUnauthenticated, kPermissionDenied, kNotFound (MODEL_NOT_FOUND), kFailedPrecondition: pause
//   kUnavailable, kDeadlineExceeded, kAborted: try again. A 200 with a wrong body is kAborted with
//                        reason BAD_ANSWER.
// A cancelled call returns kCancelled within 100 ms.
class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual const ModelInfo& model() const = 0;
  // What one request may hold: model().request, or what the server has said since. Requests are
  // packed by this. A server that has to be asked for it (TEI) is asked by the first Embed().
  virtual RequestLimits limits() const { return model().request; }
  // Those of the texts that Embed() would reject without sending them. They are no part of a
  // request, and cost nothing.
  virtual std::vector<ItemError> Unsendable(std::span<const std::string>, InputKind) const {
    return {};
  }
  // Why nothing can be asked of it however often one tries: it has no key.
  virtual Status Ready() const { return OkStatus(); }
  // REQUIRES: !texts.empty(); texts within limits(). The kind's prefix is added inside.
  virtual StatusOr<Embeddings> Embed(std::span<const std::string> texts, InputKind kind,
                                     std::stop_token stop) = 0;
};

// An error after which the provider may have billed the request all the same: it was sent and its
// answer was not understood. The money is then counted at the estimate and marked.
Status MarkMaybeBilled(Status error);
bool MaybeBilled(const Status& error);

// A throttled answer that did not say for how long: its retry-after is the provider's usual one, to
// begin with.
Status MarkUnsaidWait(Status error);
bool WaitIsUnsaid(const Status& error);

// What the answer behind an error said of the quota, where there was one; else empty.
Status WithRateHint(Status error, const RateHint& rate);
RateHint RateHintOf(const Status& error);

// Counts the tokens a provider will bill for a text. Safe for concurrent use.
class TokenCounter {
 public:
  virtual ~TokenCounter() = default;
  virtual int64_t Count(std::string_view text) = 0;
  // What texts are cut by: the same for the same text at any time, whatever bills have taught
  // Count() since. A row must be cut today as it was yesterday.
  virtual int64_t Measure(std::string_view text) { return Count(text); }
  // True: the provider's own tokenizer. False: an estimate, and the ledger says so.
  virtual bool exact() const = 0;
};

}  // namespace drift
