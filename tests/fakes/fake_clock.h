// A clock that stands still until it is told to move on.
#pragma once

#include "base/clock.h"
#include "base/mutex.h"

namespace drift::testing {

// Safe for concurrent use.
class FakeClock : public Clock {
 public:
  WallTime Now() override EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return now_;
  }
  MonoTime Mono() override EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return mono_;
  }
  // Passes at once.
  bool Sleep(Duration wait, std::stop_token stop) override {
    if (stop.stop_requested()) return false;
    Advance(wait);
    return true;
  }

  void Advance(Duration by) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    mono_ += by;
    now_ += std::chrono::duration_cast<WallTime::duration>(by);
  }
  void Set(WallTime now) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    now_ = now;
  }

 private:
  Mutex mu_;
  WallTime now_ GUARDED_BY(mu_){std::chrono::sys_days{std::chrono::year{2026} / 11 / 1}};
  MonoTime mono_ GUARDED_BY(mu_){std::chrono::hours(1)};
};

}  // namespace drift::testing
