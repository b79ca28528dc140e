// Texts in, vectors out: the one way to a model. Packs texts of a run into requests across its
// batches (embed_lanes.h), asks as fast as the model's quota allows (pacer.h), retries, halves a
// rejected batch down to the bad text, writes an intent before each paid request and its outcome
// after, and never asks twice for a text that is in flight or was answered a moment ago.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/retry.h"
#include "base/rng.h"
#include "base/status.h"
#include "core/embedder.h"
#include "core/ledger.h"
#include "metrics/metrics.h"
#include "pipeline/budget.h"
#include "pipeline/embed_client.h"
#include "pipeline/embed_lanes.h"
#include "pipeline/embed_ticket.h"
#include "pipeline/endpoints.h"
#include "pipeline/recent_vectors.h"

namespace drift {

// Safe for concurrent use. Asks on threads of its own, which are started as they are needed: one
// per request in flight. The destructor waits for requests in flight: stop the clients first.
class EmbedQueue {
 public:
  struct Parts {
    std::shared_ptr<Embedder> embedder;
    std::shared_ptr<TokenCounter> counter;
    PriceFunction price;
    std::shared_ptr<Pacer> pacer;           // of the (provider, key, model); others may share it
    std::shared_ptr<RecentVectors> recent;  // of the model and its dimensions; the same
    Ledger& ledger;
    Budget& budget;
    Clock& clock;
    Rng& rng;
    Metrics& metrics;
    // Who is asked while the model's own provider does not answer (endpoints.h).
    std::vector<Endpoint> fallbacks = {};
  };
  explicit EmbedQueue(Parts parts);
  ~EmbedQueue();

  // At its own provider.
  const ModelInfo& model() const { return parts_.embedder->model(); }
  // See Embedder::Ready().
  Status Ready() const { return parts_.embedder->Ready(); }
  // Whether each request is noted in the ledger as it is made, because it may cost something.
  bool notes_requests() const { return endpoints_.size() > 1 || !model().is_free; }
  // The provider that is asked in place of the model's own; empty: that one is.
  std::string FallbackInUse() const { return endpoints_.InUse(); }
  TokenCounter& counter() { return *parts_.counter; }
  NanoUsd Price(int64_t tokens) const { return parts_.price(tokens, parts_.clock.Now()); }

  // What a batch should hold, by the pace of the last one: where the next run begins. 0: not known.
  size_t batch_rows() const { return batch_rows_.load(); }
  void NoteBatchRows(size_t rows) { batch_rows_.store(rows); }

  // REQUIRES: !texts.empty().
  std::shared_ptr<EmbedTicket> Submit(const std::shared_ptr<EmbedClient>& client,
                                      std::vector<EmbedText> texts) EXCLUDES(mu_);
  // The client waits for answers: its last, partly filled request is sent too, as soon as none of
  // its requests is in flight. So requests stay full.
  void Flush(const std::shared_ptr<EmbedClient>& client) EXCLUDES(mu_);
  // The client is going, and its `stop` has been asked for: what it has not asked for yet is
  // answered with kCancelled, and its requests in flight have ended when this returns. Texts that
  // others wait for too are asked for by them.
  void Leave(const std::shared_ptr<EmbedClient>& client) EXCLUDES(mu_);

 private:
  using Slot = EmbedSlot;
  using Slots = std::span<const std::shared_ptr<EmbedSlot>>;
  struct Request {
    std::vector<std::shared_ptr<Slot>> slots;
    std::vector<std::string> texts;  // theirs
  };
  struct Bill {
    int64_t tokens = 0;
    TokenSource source = TokenSource::kEstimate;
    int64_t guessed_tokens = 0;
    NanoUsd cost = 0;
    bool asked = false;  // the request was made

    bool estimated() const { return tokens > 0 && source == TokenSource::kEstimate; }
  };

  // The threads.
  void Work();
  void WakeWorker() REQUIRES(mu_);
  // Some slot may have waited for it.
  void Join(Slot& slot, EmbedWaiter waiter) REQUIRES(mu_);

  // One request, on a thread. embed_request.cc
  // `turn`: the endpoint at which it has its turn already; null: it waits for one.
  void Ask(const std::shared_ptr<EmbedClient>& client, Slots slots, const Endpoint* turn)
      EXCLUDES(mu_);
  // Answers the texts that are never sent; the request is what is left.
  Request Compose(const EmbedClient& client, Slots slots) EXCLUDES(mu_);
  // As the provider counts it, by what is known of that now.
  QuotaUse Measure(const Request& request);
  StatusOr<const Endpoint*> AwaitTurn(EmbedClient& client, const QuotaUse& use);
  StatusOr<Embeddings> AskOnce(const Endpoint& endpoint, EmbedClient& client,
                               const Request& request, const QuotaUse& taken, Bill& bill);
  StatusOr<RequestRecord> Intend(const Endpoint& endpoint, const EmbedClient& client,
                                 const QuotaUse& use);
  void Conclude(const Endpoint& endpoint, EmbedClient& client, const RequestRecord& intent,
                const StatusOr<Embeddings>& answer, const Bill& bill);
  Bill Outcome(const Endpoint& endpoint, const StatusOr<Embeddings>& answer, int64_t tokens) const;
  // Waits before `error` is tried again; false: it is not.
  bool WaitAfter(const Endpoint& endpoint, EmbedClient& client, const Status& error,
                 Backoff& backoff);
  NanoUsd CostAt(const Endpoint& endpoint, int64_t tokens) const {
    return endpoint.model().is_free ? 0 : endpoint.price(tokens, parts_.clock.Now());
  }
  void Deliver(const EmbedClient& client, Slots slots, const Embeddings& embeddings,
               const Bill& bill) EXCLUDES(mu_);
  void Fail(const std::shared_ptr<EmbedClient>& client, Slots slots, const Status& status)
      EXCLUDES(mu_);
  std::vector<EmbedWaiter> Settle(const std::shared_ptr<Slot>& slot, const EmbedAnswer& answer)
      EXCLUDES(mu_);

  const Parts parts_;
  Endpoints endpoints_;
  std::atomic<int64_t> good_answers_{0};
  std::atomic<size_t> batch_rows_{0};

  mutable Mutex mu_;
  CondVar work_;  // something may have become ready
  CondVar idle_;  // a request has ended
  EmbedLanes lanes_ GUARDED_BY(mu_);
  std::unordered_map<Sha256Digest, std::shared_ptr<Slot>, DigestHash> pending_ GUARDED_BY(mu_);
  std::vector<std::thread> threads_ GUARDED_BY(mu_);
  int64_t idle_threads_ GUARDED_BY(mu_) = 0;
  bool closing_ GUARDED_BY(mu_) = false;
};

}  // namespace drift
