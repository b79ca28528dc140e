// A quota that fills up steadily, as providers count theirs.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace drift {

// A rate of 0 is no limit. One thread at a time.
class TokenBucket {
 public:
  // Full. It holds two seconds' worth: providers say "a minute" and look at shorter times.
  TokenBucket(double per_minute, MonoTime now) : at_(now) { SetRate(per_minute); }

  bool limited() const { return per_minute_ > 0; }
  double per_minute() const { return per_minute_; }
  double level() const { return level_; }

  void SetRate(double per_minute) {
    const bool was_limited = limited();
    per_minute_ = per_minute;
    level_ = was_limited ? std::min(level_, room()) : room();
  }

  void Fill(MonoTime now) {
    const std::chrono::duration<double> passed = now - at_;
    at_ = std::max(at_, now);
    if (passed.count() > 0) level_ = std::min(room(), level_ + passed.count() * per_second());
  }

  // How long until `amount` may be taken; 0: now. More than it holds may be taken when it is full,
  // and leaves it in debt.
  Duration Until(double amount) const {
    const double missing = std::min(amount, room()) - level_;
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
  double room() const { return 2 * per_second(); }

  double per_minute_ = 0;
  double level_ = 0;
  MonoTime at_;
};

}  // namespace drift
