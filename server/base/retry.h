// The one place that decides how long to wait before trying again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/rng.h"
#include "base/status.h"

namespace drift {

struct BackoffOptions {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds most{30'000};
  double factor = 2.0;
  // Attempts that may fail before giving up; nullopt: never gives up by itself.
  std::optional<int> max_attempts;
};

// Exponential backoff with full jitter: uniform in [d/2, d], d = min(most, first * factor^n).
// One caller at a time.
class Backoff {
 public:
  Backoff(BackoffOptions options, Rng& rng) : options_(options), rng_(rng) {}

  // How long to wait after `error`, or nullopt when it should be given up: not retryable, or
  // attempts used up. A retry-after in the status is obeyed (plus up to a tenth of jitter) and uses
  // up no attempt when the code is kResourceExhausted.
  std::optional<std::chrono::milliseconds> After(const Status& error);

  void Reset() { failures_ = 0; }
  int failures() const { return failures_; }

 private:
  BackoffOptions options_;
  Rng& rng_;
  int failures_ = 0;
};

// Calls `attempt` (returning Status or StatusOr<T>) until it succeeds, fails for good, or `stop` is
// asked for. `on_wait(status, wait)` is told before each wait. Returns the last result.
template <typename F, typename OnWait>
auto Retry(Backoff backoff, Clock& clock, std::stop_token stop, F attempt, OnWait on_wait)
    -> decltype(attempt()) {
  for (;;) {
    auto result = attempt();
    if (result.ok()) return result;
    const Status& status = ToStatus(result);
    auto wait = backoff.After(status);
    if (!wait) return result;
    on_wait(status, *wait);
    if (!clock.Sleep(*wait, stop)) return Cancelled("stopped while waiting to try again");
  }
}

template <typename F>
auto Retry(Backoff backoff, Clock& clock, std::stop_token stop, F attempt) -> decltype(attempt()) {
  return Retry(std::move(backoff), clock, stop, std::move(attempt),
               [](const Status&, std::chrono::milliseconds) {});
}

}  // namespace drift
