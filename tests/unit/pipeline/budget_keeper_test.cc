#include "pipeline/budget_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/reasons.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_ledger.h"

namespace drift {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

constexpr NanoUsd kCent = 10'000'000;
constexpr NanoUsd kDollar = 100 * kCent;

class BudgetKeeperTest : public ::testing::Test {
 protected:
  // 2026-11-30 in the evening: day and month end together.
  BudgetKeeperTest() {
    clock_.Set(std::chrono::sys_days{std::chrono::year{2026} / 11 / 30} + hours(20));
  }

  static BudgetRule Daily(NanoUsd limit, double soft = 0) {
    return {BudgetRule::Scope::kPipeline, "docs", BudgetRule::Period::kDay, limit, soft};
  }
  static BudgetRule Monthly(NanoUsd limit) {
    return {BudgetRule::Scope::kProvider, "openai", BudgetRule::Period::kMonth, limit, 0};
  }
  void SetRules(const std::vector<BudgetRule>& rules) {
    const Status set = keeper_.SetRules(rules);
    ASSERT_TRUE(set.ok()) << set;
  }
  Status Reserve(NanoUsd estimate, const std::string& pipeline = "docs") {
    return keeper_.Reserve(pipeline, "openai", estimate);
  }
  void Spend(NanoUsd cost, const std::string& pipeline = "docs") {
    ASSERT_TRUE(Reserve(cost, pipeline).ok());
    keeper_.Settle(pipeline, "openai", cost, cost);
  }
  // A request in the ledger, as an earlier process left it.
  void Note(NanoUsd cost, WallTime when) {
    RequestRecord request;
    request.pipeline = "docs";
    request.provider = "openai";
    request.model = "openai/m";
    request.cost = cost;
    request.started_at = when;
    ASSERT_TRUE(ledger_.OpenRequest(request).ok());
  }

  testing::FakeClock clock_;
  testing::FakeLedger ledger_;
  BudgetKeeper keeper_{ledger_, clock_};
};

TEST_F(BudgetKeeperTest, WithoutRulesNothingIsRefused) {
  EXPECT_TRUE(Reserve(1'000'000 * kDollar).ok());
}

TEST_F(BudgetKeeperTest, WhatIsInFlightCounts) {
  SetRules({Daily(kDollar)});
  EXPECT_TRUE(Reserve(60 * kCent).ok());
  EXPECT_FALSE(Reserve(60 * kCent).ok());
  keeper_.Settle("docs", "openai", 60 * kCent, 30 * kCent);
  EXPECT_TRUE(Reserve(60 * kCent).ok());
}

TEST_F(BudgetKeeperTest, ARefusalSaysAllThatMatters) {
  SetRules({Daily(kDollar)});
  Spend(90 * kCent);
  const Status refused = Reserve(20 * kCent);
  EXPECT_EQ(Reason(refused), reason::kBudgetExhausted);
  EXPECT_EQ(Message(refused),
            "the budget of pipeline/docs is used up: $0.900000 of $1.00 a day spent, $0.000000 in "
            "flight, the next request costs about $0.200000; it goes on at 2026-12-01 00:00 UTC");
  EXPECT_EQ(RetryAfter(refused), hours(4));
  EXPECT_TRUE(keeper_.States()[0].exhausted);
}

TEST_F(BudgetKeeperTest, OthersAreNotHeldBack) {
  SetRules({Daily(kDollar)});
  Spend(kDollar);
  EXPECT_TRUE(Reserve(kDollar, "wiki").ok());
}

TEST_F(BudgetKeeperTest, AllRulesThatCoverARequestApply) {
  SetRules({Daily(kDollar), Monthly(150 * kCent)});
  Spend(kDollar, "wiki");
  EXPECT_TRUE(Reserve(50 * kCent).ok());
  const Status refused = Reserve(kCent);
  EXPECT_THAT(Message(refused), HasSubstr("the budget of provider/openai"));
  EXPECT_EQ(keeper_.States()[0].open, 50 * kCent) << "nothing is set aside by a refusal";
}

TEST_F(BudgetKeeperTest, PeriodsEndAtMidnightOfUtc) {
  SetRules({Daily(kDollar), Monthly(kDollar)});
  Spend(kDollar);
  clock_.Advance(hours(3));
  EXPECT_FALSE(Reserve(kCent).ok());
  clock_.Advance(hours(1));
  EXPECT_TRUE(Reserve(kDollar).ok()) << "a new day, and a new month";
}

TEST_F(BudgetKeeperTest, ASoftLimitAlertsOnceAndRefusesNothing) {
  SetRules({Daily(kDollar, 0.8)});
  Spend(79 * kCent);
  EXPECT_FALSE(keeper_.States()[0].alerting);
  Spend(3 * kCent);
  const BudgetState state = keeper_.States()[0];
  EXPECT_TRUE(state.alerting);
  EXPECT_EQ(state.Warning(),
            "82 % of the budget of pipeline/docs is used: $0.82 of $1.00 a day; at the limit it "
            "pauses until 2026-12-01 00:00 UTC");
  EXPECT_TRUE(Reserve(kCent).ok());
  clock_.Advance(hours(4));
  EXPECT_FALSE(keeper_.States()[0].alerting);
}

TEST_F(BudgetKeeperTest, WhatWasSpentBeforeTheProcessBeganCounts) {
  Note(70 * kCent, clock_.Now() - hours(1));
  Note(kDollar, clock_.Now() - hours(24));  // of the day before
  SetRules({Daily(kDollar, 0.5)});
  EXPECT_EQ(keeper_.States()[0].spent, 70 * kCent);
  EXPECT_TRUE(keeper_.States()[0].alerting);
  EXPECT_FALSE(Reserve(40 * kCent).ok());
}

TEST_F(BudgetKeeperTest, NewRulesKeepWhatIsInFlight) {
  SetRules({Daily(kDollar)});
  Note(40 * kCent, clock_.Now());
  ASSERT_TRUE(Reserve(40 * kCent).ok());
  SetRules({Daily(50 * kCent)});
  EXPECT_EQ(keeper_.States()[0].open, 40 * kCent);
  EXPECT_EQ(keeper_.States()[0].spent, 0) << "not counted twice";
  EXPECT_FALSE(Reserve(20 * kCent).ok());
}

}  // namespace
}  // namespace drift
