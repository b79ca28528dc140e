#include "base/retry.h"

#include <gtest/gtest.h>

#include <vector>

namespace drift {
namespace {

using std::chrono::milliseconds;

// Does not sleep; remembers for how long it should have.
class NoSleepClock final : public Clock {
 public:
  WallTime Now() override { return WallTime{}; }
  MonoTime Mono() override { return MonoTime{}; }
  bool Sleep(Duration wait, std::stop_token stop) override {
    slept.push_back(std::chrono::duration_cast<milliseconds>(wait));
    return !stop.stop_requested();
  }
  std::vector<milliseconds> slept;
};

TEST(Backoff, GrowsWithJitterUpToTheMost) {
  Rng rng(1);
  Backoff backoff({.first = milliseconds(100), .most = milliseconds(400)}, rng);
  const std::vector<int> ceilings = {100, 200, 400, 400, 400};
  for (const int ceiling : ceilings) {
    const auto wait = backoff.After(Unavailable("x"));
    ASSERT_TRUE(wait);
    EXPECT_GE(wait->count(), ceiling / 2);
    EXPECT_LE(wait->count(), ceiling);
  }
}

TEST(Backoff, GivesUpAfterTheAttempts) {
  Rng rng(1);
  Backoff backoff({.max_attempts = 2}, rng);
  EXPECT_TRUE(backoff.After(Unavailable("x")));
  EXPECT_FALSE(backoff.After(Unavailable("x")));
}

TEST(Backoff, AThrottleIsObeyedAndUsesUpNoAttempt) {
  Rng rng(1);
  Backoff backoff({.max_attempts = 2}, rng);
  const Status throttled = WithRetryAfter(ResourceExhausted("x"), milliseconds(2000));
  for (int i = 0; i < 10; ++i) {
    const auto wait = backoff.After(throttled);
    ASSERT_TRUE(wait);
    EXPECT_GE(wait->count(), 2000);
    EXPECT_LE(wait->count(), 2201);
  }
}

TEST(Backoff, WhatCannotHelpIsNotTriedAgain) {
  Rng rng(1);
  Backoff backoff({}, rng);
  EXPECT_FALSE(backoff.After(InvalidArgument("x")));
}

TEST(Retry, UntilItSucceeds) {
  Rng rng(1);
  NoSleepClock clock;
  int calls = 0;
  int waits = 0;
  const StatusOr<int> result = Retry(
      Backoff({}, rng), clock, {},
      [&]() -> StatusOr<int> {
        if (++calls < 3) return Unavailable("x");
        return 7;
      },
      [&](const Status&, milliseconds) { ++waits; });
  EXPECT_EQ(*result, 7);
  EXPECT_EQ(waits, 2);
  EXPECT_EQ(clock.slept.size(), 2u);
}

TEST(Retry, StopsWhenAskedTo) {
  Rng rng(1);
  NoSleepClock clock;
  std::stop_source stop;
  stop.request_stop();
  const Status status =
      Retry(Backoff({}, rng), clock, stop.get_token(), [] { return Unavailable("x"); });
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace drift
