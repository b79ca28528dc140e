#include "pipeline/pacer.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/log.h"
#include "core/reasons.h"

namespace drift {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t kFirstRemote = 8;  // requests at once, to begin with
constexpr int64_t kMostRemote = 32;
constexpr int kTrips = 5;  // failures in a row that open the breaker
constexpr seconds kFirstProbe{1};
constexpr seconds kLongestProbe{30};
constexpr seconds kLongestUnsaid{60};  // quotas are per minute
// How soon to look again when only an answer can change anything, and at most.
constexpr milliseconds kLookAgain{50};
constexpr seconds kLongestLook{1};

int64_t MaxConcurrency(const ModelInfo& model) {
  if (model.rate.max_concurrency > 0) return model.rate.max_concurrency;
  if (model.is_local) return std::max(1u, std::thread::hardware_concurrency());
  return kMostRemote;
}

bool IsOverload(const Status& status) {
  return status.code() == StatusCode::kResourceExhausted ||
         status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kDeadlineExceeded;
}

bool IsAway(const Status& status) {
  return status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kDeadlineExceeded;
}

}  // namespace

Pacer::Pacer(const ModelInfo& model, Clock& clock)
    : model_(model.id()),
      adapts_(!model.is_local),
      max_concurrency_(MaxConcurrency(model)),
      clock_(clock),
      requests_(static_cast<double>(model.rate.requests_per_minute), clock.Mono()),
      tokens_(static_cast<double>(model.rate.tokens_per_minute), clock.Mono()),
      items_(static_cast<double>(model.rate.items_per_minute), clock.Mono()),
      window_(static_cast<double>(adapts_ ? std::min(kFirstRemote, max_concurrency_)
                                          : max_concurrency_)),
      shrunk_at_(clock.Mono()),
      cooldown_until_(clock.Mono()),
      probe_at_(clock.Mono()) {}

std::optional<Duration> Pacer::WaitForBreaker(MonoTime now) {
  if (failures_ < kTrips) return std::nullopt;
  if (probing_) return kLookAgain;
  if (now < probe_at_) return std::min<Duration>(kLongestLook, probe_at_ - now);
  return std::nullopt;
}

std::optional<Duration> Pacer::TryTake(const QuotaUse& use) {
  MutexLock lock(mu_);
  const MonoTime now = clock_.Mono();
  if (in_flight_ >= std::max<int64_t>(1, static_cast<int64_t>(window_))) return kLookAgain;
  if (now < cooldown_until_) return std::min<Duration>(kLongestLook, cooldown_until_ - now);
  if (const auto wait = WaitForBreaker(now)) return wait;
  for (TokenBucket* bucket : {&requests_, &tokens_, &items_}) bucket->Fill(now);
  const Duration wait =
      std::max({requests_.Until(1), tokens_.Until(static_cast<double>(use.tokens)),
                items_.Until(static_cast<double>(use.items))});
  if (wait > Duration::zero()) return std::min<Duration>(kLongestLook, wait);
  requests_.Take(1);
  tokens_.Take(static_cast<double>(use.tokens));
  items_.Take(static_cast<double>(use.items));
  ++in_flight_;
  outstanding_.tokens += use.tokens;
  outstanding_.items += use.items;
  probing_ = failures_ >= kTrips;
  return std::nullopt;
}

void Pacer::Correct(TokenBucket& bucket, const QuotaWindow& said, int64_t outstanding) {
  if (said.limit && *said.limit > 0 &&
      (!bucket.limited() || static_cast<double>(*said.limit) < bucket.per_minute())) {
    bucket.SetRate(static_cast<double>(*said.limit));
  }
  // Those in flight may or may not have been counted already: the careful answer is that they have
  // not.
  if (said.remaining) bucket.AtMost(static_cast<double>(*said.remaining - outstanding));
}

void Pacer::AdaptTo(const Status& status, MonoTime now) {
  if (!adapts_) return;
  if (IsOverload(status)) {
    // Answers to what was sent before the last halving say nothing new.
    if (now - shrunk_at_ < seconds(1)) return;
    shrunk_at_ = now;
    window_ = std::max(1.0, window_ / 2);
  } else if (status.ok() && static_cast<double>(in_flight_ + 1) >= std::floor(window_)) {
    window_ = std::min(static_cast<double>(max_concurrency_), window_ + 1 / window_);
  }
}

void Pacer::Break(const Status& status, MonoTime now) {
  const bool was_open = failures_ >= kTrips;
  if (!IsAway(status)) {
    // Cancelled: nothing was learnt.
    if (status.code() != StatusCode::kCancelled) {
      if (was_open) LogInfo("the provider answers again", {{"model", model_}});
      failures_ = 0;
    }
    probing_ = false;
    return;
  }
  ++failures_;
  if (failures_ < kTrips) return;
  if (was_open && !probing_) return;  // sent before the breaker opened
  probe_wait_ = was_open ? std::min<Duration>(kLongestProbe, probe_wait_ * 2) : kFirstProbe;
  probe_at_ = now + probe_wait_;
  probing_ = false;
  if (!was_open) {
    LogWarn("the provider does not answer; asking with one request at a time",
            {{"model", model_}, {"error", Message(status)}});
  }
}

void Pacer::Trip(const Status& why) {
  MutexLock lock(mu_);
  if (failures_ >= kTrips) return;
  failures_ = kTrips - 1;
  Break(why, clock_.Mono());
}

void Pacer::Answered(const QuotaUse& use, const Status& status, const RateHint& rate) {
  MutexLock lock(mu_);
  const MonoTime now = clock_.Mono();
  --in_flight_;
  outstanding_.tokens -= use.tokens;
  outstanding_.items -= use.items;
  for (TokenBucket* bucket : {&requests_, &tokens_, &items_}) bucket->Fill(now);
  Correct(requests_, rate.requests, in_flight_);
  Correct(tokens_, rate.tokens, outstanding_.tokens);
  Correct(items_, rate.items, outstanding_.items);
  AdaptTo(status, now);
  Break(status, now);
  if (status.ok()) unsaid_ = 0;
}

void Pacer::CoolDown(Duration wait) {
  MutexLock lock(mu_);
  cooldown_until_ = std::max(cooldown_until_, clock_.Mono() + wait);
}

Duration Pacer::CoolDownUnsaid(Duration first, double spread) {
  MutexLock lock(mu_);
  const MonoTime now = clock_.Mono();
  // Requests of one burst are refused together: that is once.
  if (now >= cooldown_until_) {
    const double longest =
        std::min(static_cast<double>(Duration(kLongestUnsaid).count()),
                 static_cast<double>(first.count()) * std::pow(2.0, std::min(unsaid_, 16)));
    cooldown_until_ = now + Duration(static_cast<int64_t>(longest * (1 - spread / 2)));
    ++unsaid_;
  }
  return cooldown_until_ - now;
}

bool Pacer::IsTripped() {
  MutexLock lock(mu_);
  return failures_ >= kTrips;
}

bool Pacer::IsOpen() {
  MutexLock lock(mu_);
  return WaitForBreaker(clock_.Mono()).has_value();
}

int64_t Pacer::concurrency() {
  MutexLock lock(mu_);
  return std::max<int64_t>(1, static_cast<int64_t>(window_));
}

}  // namespace drift
