#include "pipeline/pacer.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"

namespace drift {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PacerTest : public ::testing::Test {
 protected:
  PacerTest() {
    info_.provider = "fake";
    info_.name = "model";
  }
  Pacer& pacer() {
    if (!pacer_) pacer_.emplace(info_, clock_);
    return *pacer_;
  }
  bool Take(int64_t tokens, int64_t items = 1) { return !pacer().TryTake({tokens, items}); }
  void End(int64_t tokens, const Status& status = OkStatus(), const RateHint& rate = {}) {
    pacer().Answered({tokens, 1}, status, rate);
  }
  void FailTimes(int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(Take(1));
      End(1, Unavailable("away"));
    }
  }

  testing::FakeClock clock_;
  ModelInfo info_;
  std::optional<Pacer> pacer_;
};

TEST_F(PacerTest, UsesTheWholeQuotaAndNoMore) {
  info_.rate.tokens_per_minute = 60'000;
  info_.rate.max_concurrency = 1000;
  int64_t taken = 0;
  for (int ms = 0; ms < 120'000; ms += 100) {
    while (Take(700)) {
      taken += 700;
      End(700);
    }
    clock_.Advance(milliseconds(100));
  }
  // A full bucket, and two minutes' worth of filling.
  EXPECT_LE(taken, 122'000);
  EXPECT_GE(taken, 121'000);
}

TEST_F(PacerTest, EachUnitHoldsBack) {
  info_.rate.requests_per_minute = 60;  // the bucket holds 2
  info_.rate.items_per_minute = 3000;   // and 100
  EXPECT_TRUE(Take(1, 96));
  EXPECT_FALSE(Take(1, 96)) << "items";
  clock_.Advance(seconds(2));
  EXPECT_TRUE(Take(1, 1));
  EXPECT_TRUE(Take(1, 1));
  EXPECT_FALSE(Take(1, 1)) << "requests";
}

TEST_F(PacerTest, ARequestLargerThanTheBucketGoesWhenItIsFull) {
  info_.rate.tokens_per_minute = 600;  // the bucket holds 20
  EXPECT_TRUE(Take(120));
  End(120);
  clock_.Advance(seconds(11));
  EXPECT_FALSE(Take(120)) << "in debt";
  clock_.Advance(seconds(1));
  EXPECT_TRUE(Take(120));
}

TEST_F(PacerTest, AnswersCorrectDownwardsOnly) {
  info_.rate.tokens_per_minute = 30'000;  // the bucket holds 1000
  ASSERT_TRUE(Take(100));
  End(100, OkStatus(), {.tokens = {.limit = 150'000, .remaining = 4900}});
  EXPECT_TRUE(Take(900));
  EXPECT_FALSE(Take(1)) << "what was configured is not exceeded";
  clock_.Advance(seconds(60));
  End(900, OkStatus(), {.tokens = {.limit = 18'000, .remaining = 50}});
  EXPECT_FALSE(Take(350)) << "somebody else has used the rest";
  clock_.Advance(seconds(1));
  EXPECT_TRUE(Take(350)) << "18,000 a minute are 300 a second, and 50 were left";
}

TEST_F(PacerTest, WhatIsInFlightIsNotLeft) {
  info_.rate.tokens_per_minute = 30'000;
  ASSERT_TRUE(Take(100));
  ASSERT_TRUE(Take(200));
  End(100, OkStatus(), {.tokens = {.remaining = 500}});
  EXPECT_FALSE(Take(301));
  EXPECT_TRUE(Take(300));
}

TEST_F(PacerTest, AQuotaNobodyConfiguredIsTakenFromTheAnswer) {
  ASSERT_TRUE(Take(1'000'000));
  End(1'000'000, OkStatus(), {.tokens = {.limit = 30'000, .remaining = 10}});
  EXPECT_FALSE(Take(500));
  clock_.Advance(seconds(1));
  EXPECT_TRUE(Take(500));
}

TEST_F(PacerTest, ConcurrencyHalvesWhenOverloadedAndComesBack) {
  const int64_t before = pacer().concurrency();
  ASSERT_TRUE(Take(1));
  clock_.Advance(seconds(2));
  End(1, Unavailable("503"));
  EXPECT_EQ(pacer().concurrency(), before / 2);
  ASSERT_TRUE(Take(1));
  End(1, Unavailable("503"));
  EXPECT_EQ(pacer().concurrency(), before / 2) << "one halving a second";
  for (int round = 0; round < 1000; ++round) {
    int taken = 0;
    while (Take(1)) ++taken;
    for (int i = 0; i < taken; ++i) End(1);
  }
  EXPECT_EQ(pacer().concurrency(), pacer().max_concurrency());
}

TEST_F(PacerTest, ConcurrencyOfALocalModelStays) {
  info_.is_local = true;
  info_.rate.max_concurrency = 2;
  EXPECT_TRUE(Take(1));
  EXPECT_TRUE(Take(1));
  EXPECT_FALSE(Take(1));
  End(1, Unavailable("busy"));
  EXPECT_TRUE(Take(1));
}

TEST_F(PacerTest, ASilentProviderIsProbedByOneRequestAtATime) {
  FailTimes(5);
  EXPECT_FALSE(Take(1)) << "open";
  clock_.Advance(seconds(1));
  EXPECT_TRUE(Take(1));
  EXPECT_FALSE(Take(1)) << "one probe";
  End(1, DeadlineExceeded("still away"));
  clock_.Advance(seconds(1));
  EXPECT_FALSE(Take(1)) << "the next probe waits longer";
  clock_.Advance(seconds(1));
  EXPECT_TRUE(Take(1));
  End(1);
  EXPECT_TRUE(Take(1)) << "closed";
  EXPECT_TRUE(pacer().concurrency() == 1 || Take(1));
}

TEST_F(PacerTest, ACancelledProbeLeavesRoomForAnother) {
  FailTimes(5);
  clock_.Advance(seconds(1));
  ASSERT_TRUE(Take(1));
  End(1, Cancelled("the run was stopped"));
  EXPECT_TRUE(Take(1));
}

TEST_F(PacerTest, AFailureThatIsAnAnswerDoesNotBreak) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Take(1));
    End(1, InvalidArgument("too long"));
  }
  EXPECT_TRUE(Take(1));
}

TEST_F(PacerTest, SilenceIsKept) {
  pacer().CoolDown(seconds(3));
  EXPECT_FALSE(Take(1));
  clock_.Advance(milliseconds(2999));
  EXPECT_FALSE(Take(1));
  clock_.Advance(milliseconds(1));
  EXPECT_TRUE(Take(1));
}

TEST_F(PacerTest, AnUnsaidWaitGrowsUntilAnAnswerCame) {
  const auto throttle = [&](double spread = 0) {
    return pacer().CoolDownUnsaid(seconds(2), spread);
  };
  for (const int expected : {2, 4, 8, 16, 32, 60, 60}) {
    ASSERT_TRUE(Take(1));
    End(1, ResourceExhausted("throttled"));
    EXPECT_EQ(throttle(), seconds(expected));
    // The rest of the burst is refused a moment later.
    clock_.Advance(milliseconds(100));
    EXPECT_EQ(throttle(), seconds(expected) - milliseconds(100));
    EXPECT_FALSE(Take(1));
    clock_.Advance(seconds(expected));
  }
  ASSERT_TRUE(Take(1));
  End(1);
  EXPECT_EQ(throttle(), seconds(2));
  clock_.Advance(seconds(2));
  EXPECT_EQ(throttle(1), seconds(2)) << "by half less at most";
}

}  // namespace
}  // namespace drift
