#include "base/clock.h"

#include "base/mutex.h"

namespace drift {
namespace {

class RealClock final : public Clock {
 public:
  WallTime Now() override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
  }

  MonoTime Mono() override { return std::chrono::steady_clock::now(); }

  bool Sleep(Duration wait, std::stop_token stop) override {
    std::mutex mu;
    std::condition_variable_any wake;
    std::unique_lock lock(mu);
    // A stop_callback inside wait_for wakes it; the predicate never becomes true by itself.
    wake.wait_for(lock, stop, wait, [] { return false; });
    return !stop.stop_requested();
  }
};

}  // namespace

Clock& Clock::Real() {
  static RealClock clock;
  return clock;
}

}  // namespace drift
