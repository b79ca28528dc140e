// Texts in, vectors out: the one way to a model. Packs texts of a run into requests across its
// batches, keeps a bounded number in flight, retries, halves a rejected batch down to the bad text,
// writes an intent before each paid request and its outcome after, and never asks twice for a text
// that is in flight or was answered a moment ago.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/rng.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "core/embedder.h"
#include "core/ledger.h"
#include "metrics/metrics.h"
#include "pipeline/budget.h"
#include "pipeline/embed_ticket.h"
#include "pipeline/recent_vectors.h"
#include "pipeline/spend.h"

namespace drift {

struct EmbedText {
  std::string text;
  Sha256Digest sha256{};
};

// For whom. Shared with the queue until the last text is answered.
struct EmbedClient {
  std::string run_id;
  std::string pipeline;
  InputKind kind = InputKind::kDocument;
  int32_t batch_size = 128;  // texts per request, at most
  bool dedup = true;
  std::stop_token stop;
  // Told before each wait for a provider; may be called from any thread.
  std::function<void(const Status& why, std::chrono::milliseconds wait)> on_wait;
  RunSpend spend;
  int32_t requests_in_flight = 0;  // kept by the queue, under its lock
};

// Nano-dollars for `tokens` asked at `when`.
using PriceFunction = std::function<NanoUsd(int64_t tokens, WallTime when)>;

// Safe for concurrent use. The destructor waits for requests in flight: stop the clients first.
class EmbedQueue {
 public:
  struct Parts {
    std::shared_ptr<Embedder> embedder;
    std::shared_ptr<TokenCounter> counter;
    PriceFunction price;
    Ledger& ledger;
    Budget& budget;
    ThreadPool& workers;
    Clock& clock;
    Rng& rng;
    Metrics& metrics;
  };
  explicit EmbedQueue(Parts parts);
  ~EmbedQueue();

  const ModelInfo& model() const { return parts_.embedder->model(); }
  TokenCounter& counter() { return *parts_.counter; }
  NanoUsd Price(int64_t tokens) const { return parts_.price(tokens, parts_.clock.Now()); }

  // REQUIRES: !texts.empty().
  std::shared_ptr<EmbedTicket> Submit(const std::shared_ptr<EmbedClient>& client,
                                      std::vector<EmbedText> texts) EXCLUDES(mu_);
  // The client waits for answers: its last, partly filled request is sent too, as soon as none of
  // its requests is in flight. So requests stay full.
  void Flush(const std::shared_ptr<EmbedClient>& client) EXCLUDES(mu_);
  // The client is going: what it has not asked for yet is answered with kCancelled. Texts that
  // others wait for too are asked for by them.
  void Leave(const std::shared_ptr<EmbedClient>& client) EXCLUDES(mu_);

 private:
  // Who waits for a text's answer.
  struct Waiter {
    std::shared_ptr<EmbedClient> client;
    std::shared_ptr<EmbedTicket> ticket;
    size_t index;
  };
  // One text to ask for. The first waiter's client asks and pays; the others get the same vector.
  struct Slot {
    EmbedText text;
    int64_t tokens = 0;
    std::vector<Waiter> waiters;  // guarded by mu_; the first is the lane's client
  };
  using Slots = std::span<const std::shared_ptr<Slot>>;
  // The texts of one client that wait to be packed.
  struct Lane {
    std::shared_ptr<EmbedClient> client;
    std::deque<std::shared_ptr<Slot>> waiting;
    int64_t tokens = 0;
    int64_t bytes = 0;
    bool flush = false;
  };
  struct Pack {
    std::shared_ptr<EmbedClient> client;
    std::vector<std::shared_ptr<Slot>> slots;
  };
  struct Bill {
    int64_t tokens = 0;
    bool estimated = false;
    NanoUsd cost = 0;
  };

  void Dispatch() EXCLUDES(mu_);
  std::optional<Pack> NextPack() REQUIRES(mu_);
  Pack TakePack(Lane& lane) REQUIRES(mu_);
  bool HasFullPack(const Lane& lane) const REQUIRES(mu_);
  int64_t MaxItems(const EmbedClient& client) const;
  Lane& LaneOf(const std::shared_ptr<EmbedClient>& client) REQUIRES(mu_);
  void Enqueue(const std::shared_ptr<Slot>& slot, bool flush) REQUIRES(mu_);
  void Join(Slot& slot, Waiter waiter) REQUIRES(mu_);
  void EraseLane(size_t at) REQUIRES(mu_);

  void Process(const Pack& pack) EXCLUDES(mu_);
  void Ask(const std::shared_ptr<EmbedClient>& client, Slots slots) EXCLUDES(mu_);
  StatusOr<Embeddings> AskOnce(EmbedClient& client, const std::vector<std::string>& texts,
                               int64_t tokens, Bill& bill);
  Bill Outcome(const StatusOr<Embeddings>& answer, int64_t tokens) const;
  Status AwaitCooldown(EmbedClient& client) EXCLUDES(mu_);
  void Deliver(Slots slots, const Embeddings& embeddings, const Bill& bill) EXCLUDES(mu_);
  void Fail(const std::shared_ptr<EmbedClient>& client, Slots slots, const Status& status)
      EXCLUDES(mu_);
  std::vector<Waiter> Settle(const std::shared_ptr<Slot>& slot, const EmbedAnswer& answer)
      EXCLUDES(mu_);

  const Parts parts_;
  const int64_t max_in_flight_;

  mutable Mutex mu_;
  CondVar idle_;
  std::vector<std::unique_ptr<Lane>> lanes_ GUARDED_BY(mu_);  // served in turn
  size_t next_lane_ GUARDED_BY(mu_) = 0;
  int64_t in_flight_ GUARDED_BY(mu_) = 0;    // requests, bounded by max_in_flight_
  int64_t tasks_ GUARDED_BY(mu_) = 0;        // posted and not over: what the destructor waits for
  MonoTime cooldown_until_ GUARDED_BY(mu_);  // a throttled model holds all its requests back
  std::unordered_map<Sha256Digest, std::shared_ptr<Slot>, DigestHash> pending_ GUARDED_BY(mu_);
  RecentVectors recent_ GUARDED_BY(mu_);
};

}  // namespace drift
