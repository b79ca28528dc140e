// Time and sleep, so that tests can own them. Nothing else in the project reads a clock.
#pragma once

#include <chrono>
#include <stop_token>

namespace drift {

// Microseconds since 1970-01-01 UTC: what is stored and shown.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
// Never goes back: what durations and deadlines are measured with.
using MonoTime = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

// Safe for concurrent use.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual WallTime Now() = 0;
  virtual MonoTime Mono() = 0;

  // Returns true when `wait` has passed, false at once when `stop` is asked for.
  virtual bool Sleep(Duration wait, std::stop_token stop) = 0;

  // The machine's clock; lives as long as the process.
  static Clock& Real();
};

}  // namespace drift
