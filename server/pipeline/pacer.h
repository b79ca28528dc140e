// How fast a model may be asked: the quota of one (provider, key, model), shared by everything in
// the process that asks it.
//
// Quotas are token buckets in the provider's own units, filled at the rate the user configured.
// What answers say of the quota corrects them downwards only: others may draw on the account too.
// How many requests are in flight at once adapts: up while all goes well, halved when the provider
// is overloaded. A provider that does not answer is asked by one request at a time until it does.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "core/embedder.h"
#include "pipeline/token_bucket.h"

namespace drift {

// What one request takes.
struct QuotaUse {
  int64_t tokens = 0;
  int64_t items = 0;  // texts
};

// Safe for concurrent use.
class Pacer {
 public:
  Pacer(const ModelInfo& model, Clock& clock);

  // nullopt: go ahead; what the request uses is taken, and Answered() is owed. Else how long to
  // wait before asking again, a second at most: the state of things may change before.
  std::optional<Duration> TryTake(const QuotaUse& use) EXCLUDES(mu_);

  // What came of a request that had its turn. `rate`: what the answer said of the quota.
  void Answered(const QuotaUse& use, const Status& status, const RateHint& rate) EXCLUDES(mu_);

  // The provider asked for silence.
  void CoolDown(Duration wait) EXCLUDES(mu_);
  // The provider is throttling and does not say for how long: `first`, then twice as long each time
  // that it does so again before it has answered anything, a minute at most; by `spread`, from 0 to
  // 1, up to a half less. Returns how long it is.
  Duration CoolDownUnsaid(Duration first, double spread) EXCLUDES(mu_);

  // As if it had not answered for some requests in a row: each further one may cost money.
  // REQUIRES: `why` is kUnavailable or kDeadlineExceeded.
  void Trip(const Status& why) EXCLUDES(mu_);

  // Whether the provider has not answered for some requests in a row; and whether, on top of that,
  // nobody may ask it just now. When it is tripped and not open, the next request finds out.
  bool IsTripped() EXCLUDES(mu_);
  bool IsOpen() EXCLUDES(mu_);

  // Most requests at once: ever, and now.
  int64_t max_concurrency() const { return max_concurrency_; }
  int64_t concurrency() EXCLUDES(mu_);

 private:
  std::optional<Duration> WaitForBreaker(MonoTime now) REQUIRES(mu_);
  void Correct(TokenBucket& bucket, const QuotaWindow& said, int64_t outstanding) REQUIRES(mu_);
  void AdaptTo(const Status& status, MonoTime now) REQUIRES(mu_);
  void Break(const Status& status, MonoTime now) REQUIRES(mu_);

  const std::string model_;
  const bool adapts_;
  const int64_t max_concurrency_;
  Clock& clock_;

  Mutex mu_;
  TokenBucket requests_ GUARDED_BY(mu_);
  TokenBucket tokens_ GUARDED_BY(mu_);
  TokenBucket items_ GUARDED_BY(mu_);
  int64_t in_flight_ GUARDED_BY(mu_) = 0;
  QuotaUse outstanding_ GUARDED_BY(mu_);  // of the requests in flight
  double window_ GUARDED_BY(mu_);         // requests at once, now
  MonoTime shrunk_at_ GUARDED_BY(mu_);
  MonoTime cooldown_until_ GUARDED_BY(mu_);
  int unsaid_ GUARDED_BY(mu_) = 0;  // waits of an unsaid length since the last good answer
  // The breaker: closed below kTrips failures in a row; open until `probe_at_`; then one request
  // finds out.
  int failures_ GUARDED_BY(mu_) = 0;
  bool probing_ GUARDED_BY(mu_) = false;
  MonoTime probe_at_ GUARDED_BY(mu_);
  Duration probe_wait_ GUARDED_BY(mu_){};
};

}  // namespace drift
