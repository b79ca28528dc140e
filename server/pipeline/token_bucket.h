// A quota that fills up steadily, as providers count theirs.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace drift {

// A rate of 0 is no limit. One thread at a time.
class TokenBucket {
 public:
  // Full: a minute's worth, as the provider's own is after a pause.
  TokenBucket(double per_minute, MonoTime now) : at_(now) { SetRate(per_minute); }

  bool limited() const { return per_minute_ > 0; }
  double per_minute() const { return per_minute_; }
  double level() const { return level_; }

  // What is in it beyond a minute's worth of the new rate is lost.
  void SetRate(double per_minute) {
    const bool was_limited = limited();
    per_minute_ = per_minute;
    level_ = was_limited ? std::min(level_, per_minute_) : per_minute_;
  }

  void Fill(MonoTime now) {
    const std::chrono::duration<double> passed = now - at_;
    at_ = std::max(at_, now);
    if (passed.count() > 0) level_ = std::min(per_minute_, level_ + passed.count() * per_second());
  }

  // How long until `amount` may be taken; 0: now. More than a minute's worth may be taken when the
  // bucket is full, and leaves it in debt.
  Duration Until(double amount) const {
    const double missing = std::min(amount, per_minute_) - level_;
    if (!limited() || missing <= 0) return Duration::zero();
    return std::chrono::ceil<Duration>(std::chrono::duration<double>(missing / per_second()));
  }

  void Take(double amount) {
    if (limited()) level_ -= amount;
  }

  // Somebody knows that no more than this is in it.
  void AtMost(double level) {
    if (limited()) level_ = std::min(level_, level);
  }

 private:
  double per_second() const { return per_minute_ / 60; }

  double per_minute_ = 0;
  double level_ = 0;
  MonoTime at_;
};

}  // namespace drift
