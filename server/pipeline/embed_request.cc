// One request of an EmbedQueue: asking, retrying, halving, paying, answering.
#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "core/reasons.h"
#include "pipeline/embed_queue.h"

namespace drift {
namespace {

using std::chrono::milliseconds;

// A provider that is away is asked again for as long as the run lives. An answer that may have been
// billed without being usable is not paid for more often than this.
constexpr int kMaxPaidFailures = 3;
// While other requests are answered well it is bad luck, or this one text: then so often.
constexpr int kMaxPaidFailuresAmongGood = 10;
constexpr BackoffOptions kProviderBackoff{.first = milliseconds(500), .most = milliseconds(30'000)};
constexpr int kCloseAttempts = 3;

// Splits `total` in proportion to `weights`, so that the parts sum up to it exactly.
std::vector<int64_t> Share(int64_t total, const std::vector<int64_t>& weights) {
  int64_t weight_left = 0;
  for (const int64_t weight : weights) weight_left += std::max<int64_t>(1, weight);
  std::vector<int64_t> parts;
  for (const int64_t weight : weights) {
    const int64_t w = std::max<int64_t>(1, weight);
    const auto part = static_cast<int64_t>(static_cast<__int128>(total) * w / weight_left);
    parts.push_back(part);
    total -= part;
    weight_left -= w;
  }
  return parts;
}

void Weaken(std::atomic<TokenSource>& known, TokenSource source) {
  TokenSource now = known;
  while (source < now && !known.compare_exchange_weak(now, source)) {
  }
}

// The answer to a single text that is not acceptable.
Embeddings Rejected(const Status& why) {
  Embeddings answer;
  answer.vectors.resize(1);
  answer.rejected.push_back({0, why});
  return answer;
}

}  // namespace

EmbedQueue::Request EmbedQueue::Compose(const EmbedClient& client, Slots slots) {
  std::vector<std::string> texts;
  for (const auto& slot : slots) texts.push_back(slot->text.text);
  std::vector<Status> refused(slots.size());
  for (ItemError& item : parts_.embedder->Unsendable(texts, client.kind)) {
    refused[item.index] = std::move(item.why);
  }
  Request request;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (refused[i].ok()) {
      request.slots.push_back(slots[i]);
      request.texts.push_back(std::move(texts[i]));
    } else {
      Deliver(client, slots.subspan(i, 1), Rejected(refused[i]), Bill());
    }
  }
  return request;
}

QuotaUse EmbedQueue::Measure(const Request& request) {
  QuotaUse use{0, static_cast<int64_t>(request.slots.size())};
  for (const auto& slot : request.slots) {
    // Answers since it was queued may have taught what its tokens are.
    use.tokens += parts_.counter->exact() ? slot->tokens : parts_.counter->Count(slot->text.text);
  }
  return use;
}

StatusOr<const Endpoint*> EmbedQueue::AwaitTurn(EmbedClient& client, const QuotaUse& use) {
  for (;;) {
    if (client.stop.stop_requested()) return Cancelled("the run was stopped");
    const Endpoint& endpoint = endpoints_.Next();
    const auto wait = endpoint.pacer->TryTake(use);
    if (!wait) return &endpoint;
    const MonoTime began = parts_.clock.Mono();
    parts_.clock.Sleep(*wait, client.stop);
    parts_.metrics.AddThrottled({endpoint.model().provider, endpoint.model().id()},
                                parts_.clock.Mono() - began);
  }
}

EmbedQueue::Bill EmbedQueue::Outcome(const Endpoint& endpoint, const StatusOr<Embeddings>& answer,
                                     int64_t tokens) const {
  Bill bill;
  bill.asked = true;
  if (answer.ok()) {
    bill.tokens = answer->billed_tokens.value_or(tokens);
    // A model in the process is its own provider, and counts with its tokenizer.
    if (answer->billed_tokens && !endpoint.model().is_local) {
      bill.source = TokenSource::kProvider;
      bill.guessed_tokens = answer->guessed_tokens.value_or(0);
    } else if (answer->billed_tokens || parts_.counter->exact()) {
      bill.source = TokenSource::kTokenizer;
    }
  } else if (MaybeBilled(answer.status())) {
    bill.tokens = tokens;
  }
  bill.cost = CostAt(endpoint, bill.tokens);
  return bill;
}

StatusOr<RequestRecord> EmbedQueue::Intend(const Endpoint& endpoint, const EmbedClient& client,
                                           const QuotaUse& use) {
  const std::string& provider = endpoint.model().provider;
  RequestRecord intent;
  intent.run_id = client.run_id;
  intent.pipeline = client.pipeline;
  intent.provider = provider;
  intent.model = endpoint.model().id();
  intent.kind = client.kind;
  intent.texts = use.items;
  intent.tokens = use.tokens;
  intent.tokens_estimated = true;
  intent.started_at = parts_.clock.Now();
  if (!notes_requests()) return intent;
  intent.cost = CostAt(endpoint, use.tokens);
  RETURN_IF_ERROR(parts_.budget.Reserve(client.pipeline, provider, intent.cost));
  const auto id = parts_.ledger.OpenRequest(intent);
  if (!id.ok()) {
    parts_.budget.Settle(client.pipeline, provider, intent.cost, 0);
    return Annotate(id.status(), "noting a paid request");
  }
  intent.id = *id;
  Failpoint("request-noted");
  return intent;
}

void EmbedQueue::Conclude(const Endpoint& endpoint, EmbedClient& client,
                          const RequestRecord& intent, const StatusOr<Embeddings>& answer,
                          const Bill& bill) {
  client.spend.requests += 1;
  client.spend.tokens += bill.tokens;
  client.spend.cost += bill.cost;
  parts_.metrics.AddSpend(client.pipeline, {endpoint.model().provider, endpoint.model().id()},
                          bill.tokens, bill.cost);
  if (bill.estimated()) client.spend.tokens_estimated = true;
  if (bill.tokens > 0) Weaken(client.spend.token_source, bill.source);
  client.spend.guessed_tokens += bill.guessed_tokens;
  if (!notes_requests()) return;

  parts_.budget.Settle(client.pipeline, intent.provider, intent.cost, bill.cost);
  RequestOutcome outcome{.id = intent.id,
                         .tokens = bill.tokens,
                         .tokens_estimated = bill.estimated(),
                         .cost = bill.cost,
                         .ended_at = parts_.clock.Now(),
                         .token_source = bill.source,
                         .guessed_tokens = bill.guessed_tokens};
  if (!answer.ok()) {
    outcome.state = MaybeBilled(answer.status()) ? RequestState::kUnknown : RequestState::kFailed;
  }
  Backoff backoff({.first = milliseconds(50), .max_attempts = kCloseAttempts}, parts_.rng);
  const Status closed = Retry(std::move(backoff), parts_.clock, {},
                              [&] { return parts_.ledger.CloseRequest(outcome); });
  Failpoint("request-closed");
  if (closed.ok()) return;
  // The vectors are paid for and go on; the open intent is counted at its estimate.
  LogError("the outcome of a paid request was not noted", {{"error", Message(closed)}});
}

StatusOr<Embeddings> EmbedQueue::AskOnce(const Endpoint& endpoint, EmbedClient& client,
                                         const Request& request, const QuotaUse& taken,
                                         Bill& bill) {
  const QuotaUse use = Measure(request);
  const auto intent = Intend(endpoint, client, use);
  if (!intent.ok()) {
    endpoint.pacer->Answered(taken, Cancelled("not asked"), {});
    return intent.status();
  }
  const MonoTime began = parts_.clock.Mono();
  auto answer = endpoint.embedder->Embed(request.texts, client.kind, client.stop);
  endpoint.pacer->Answered(taken, answer.status(),
                           answer.ok() ? answer->rate : RateHintOf(answer.status()));
  Failpoint("request-answered");
  parts_.metrics.RequestEnded({endpoint.model().provider, endpoint.model().id()},
                              CodeName(answer.status().code()), parts_.clock.Mono() - began);
  bill = Outcome(endpoint, answer, use.tokens);
  Conclude(endpoint, client, *intent, answer, bill);
  return answer;
}

bool EmbedQueue::WaitAfter(const Endpoint& endpoint, EmbedClient& client, const Status& error,
                           Backoff& backoff) {
  auto wait = backoff.After(error);
  if (!wait) return false;
  if (WaitIsUnsaid(error)) {
    const Duration grown =
        endpoint.pacer->CoolDownUnsaid(RetryAfter(error).value_or(*wait), parts_.rng.Uniform());
    wait = std::chrono::ceil<milliseconds>(grown);
  }
  const bool throttled = error.code() == StatusCode::kResourceExhausted;
  // Somebody else can be asked at once.
  if (!throttled && &endpoints_.Next() != &endpoint) return true;
  if (client.on_wait) client.on_wait(error, *wait);
  if (throttled) {
    endpoint.pacer->CoolDown(*wait);
  } else {
    parts_.clock.Sleep(*wait, client.stop);  // a stop is noticed before the next turn
  }
  return true;
}

void EmbedQueue::Ask(const std::shared_ptr<EmbedClient>& client, Slots slots,
                     const Endpoint* turn) {
  QuotaUse taken{0, static_cast<int64_t>(slots.size())};
  for (const auto& slot : slots) taken.tokens += slot->tokens;
  const Request request = Compose(*client, slots);
  slots = request.slots;
  if (slots.empty()) {
    if (turn != nullptr) turn->pacer->Answered(taken, Cancelled("not asked"), {});
    return;
  }
  Backoff backoff(kProviderBackoff, parts_.rng);
  const Endpoint* last = nullptr;
  int paid_failures = 0;
  const int64_t good_before = good_answers_;
  for (;; turn = nullptr) {
    if (turn == nullptr) {
      taken = Measure(request);
      const auto next = AwaitTurn(*client, taken);
      if (!next.ok()) return Fail(client, slots, next.status());
      turn = *next;
    }
    const Endpoint& endpoint = *turn;
    if (std::exchange(last, turn) != turn) paid_failures = 0;
    Bill bill;
    const auto answer = AskOnce(endpoint, *client, request, taken, bill);
    if (answer.ok()) {
      ++good_answers_;
      return Deliver(*client, slots, *answer, bill);
    }
    const Status& error = answer.status();
    if (error.code() != StatusCode::kCancelled) {
      parts_.metrics.CountError("provider", CodeName(error.code()));
    }
    if (error.code() == StatusCode::kInvalidArgument) {
      if (slots.size() == 1) return Deliver(*client, slots, Rejected(error), bill);
      const size_t half = slots.size() / 2;
      Ask(client, slots.first(half), /*turn=*/nullptr);
      return Ask(client, slots.subspan(half), /*turn=*/nullptr);
    }
    const bool bad_answer = Reason(error) == reason::kBadAnswer;
    const int most_paid =
        good_answers_ == good_before ? kMaxPaidFailures : kMaxPaidFailuresAmongGood;
    const bool paid_enough = (bad_answer || MaybeBilled(error)) && ++paid_failures >= most_paid;
    const bool its_own = bill.asked || Reason(error) == reason::kBudgetExhausted;
    if (!endpoints_.is_first(endpoint) && its_own && error.code() != StatusCode::kCancelled &&
        (paid_enough || !IsRetryable(error))) {
      endpoints_.PutAside(endpoint, error);
      continue;
    }
    if (paid_enough && !bad_answer && endpoints_.size() > 1) {
      endpoint.pacer->Trip(error);
      if (&endpoints_.Next() != &endpoint) continue;
    }
    if (paid_enough) {
      // Asking once more would only cost once more: a person has to look.
      return Fail(
          client, slots,
          bad_answer ? WithReason(DataLoss("{}", Message(error)), reason::kBadAnswer) : error);
    }
    if (!WaitAfter(endpoint, *client, error, backoff)) return Fail(client, slots, error);
  }
}

std::vector<EmbedWaiter> EmbedQueue::Settle(const std::shared_ptr<Slot>& slot,
                                            const EmbedAnswer& answer) {
  MutexLock lock(mu_);
  const auto pending = pending_.find(slot->text.sha256);
  if (pending != pending_.end() && pending->second == slot) {
    pending_.erase(pending);
    if (answer.status.ok() && !model().is_free) {
      parts_.recent->Add(slot->text.sha256, answer.vector, answer.embedded_at);
    }
  }
  return std::move(slot->waiters);
}

void EmbedQueue::Deliver(const EmbedClient& client, Slots slots, const Embeddings& embeddings,
                         const Bill& bill) {
  std::vector<int64_t> weights;
  for (const auto& slot : slots) weights.push_back(slot->tokens);
  const std::vector<int64_t> tokens = Share(bill.tokens, weights);
  const std::vector<int64_t> costs = Share(bill.cost, weights);
  std::vector<Status> rejected(slots.size());
  for (const ItemError& item : embeddings.rejected) {
    rejected[item.index] = Error(StatusCode::kInvalidArgument, "{}", Message(item.why));
  }
  const WallTime now = parts_.clock.Now();
  const auto answered = static_cast<int64_t>(slots.size() - embeddings.rejected.size());
  if (client.on_answered && answered > 0) client.on_answered(answered);
  for (size_t i = 0; i < slots.size(); ++i) {
    EmbedAnswer answer;
    answer.status = rejected[i];
    if (answer.status.ok()) answer.vector = embeddings.vectors[i];
    answer.tokens = static_cast<int32_t>(tokens[i]);
    answer.tokens_estimated = bill.estimated();
    answer.cost = costs[i];
    answer.embedded_at = now;
    answer.asked = true;
    const std::vector<EmbedWaiter> waiters = Settle(slots[i], answer);
    if (answer.status.ok()) waiters.front().client->spend.texts += 1;
    for (const EmbedWaiter& waiter : waiters) {
      waiter.ticket->Answer(waiter.index, answer);
      // Paid once, so the others got it for nothing.
      answer.asked = false;
      answer.tokens = 0;
      answer.cost = 0;
    }
  }
}

void EmbedQueue::Fail(const std::shared_ptr<EmbedClient>& client, Slots slots,
                      const Status& status) {
  EmbedAnswer answer;
  answer.status = status;
  for (const auto& slot : slots) {
    std::vector<EmbedWaiter> others;
    for (EmbedWaiter& waiter : Settle(slot, answer)) {
      if (waiter.client == client) {
        waiter.ticket->Answer(waiter.index, answer);
      } else {
        others.push_back(std::move(waiter));
      }
    }
    if (others.empty()) continue;
    // This client's failure is not theirs: the next one asks.
    auto again = std::make_shared<Slot>();
    again->text = slot->text;
    again->tokens = slot->tokens;
    again->waiters = std::move(others);
    MutexLock lock(mu_);
    const auto [pending, is_new] = pending_.emplace(again->text.sha256, again);
    if (is_new) {
      lanes_.Add(again);
      lanes_.Flush(*again->waiters.front().client);
      WakeWorker();
    } else {
      for (EmbedWaiter& waiter : again->waiters) Join(*pending->second, std::move(waiter));
    }
  }
}

}  // namespace drift
