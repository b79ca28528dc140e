// A model that two providers serve: who is asked, and whose bill it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/reasons.h"
#include "tests/unit/pipeline/queue_test_base.h"

namespace drift {
namespace {

using testing::FakeTokens;
using ::testing::SizeIs;

constexpr int kTrips = 5;  // failures in a row that open the breaker
constexpr NanoUsd kPriceOne = 20;
constexpr NanoUsd kPriceTwo = 30;

class FallbackTest : public testing::QueueTestBase {
 protected:
  FallbackTest() { Make(); }

  static ModelInfo Model(const std::string& provider, bool is_free = false) {
    ModelInfo info;
    info.provider = provider;
    info.name = "model";
    info.dimensions = 8;
    info.fingerprint = "space/model";
    info.is_free = is_free;
    return info;
  }
  void Make(bool first_is_free = false) {
    one_ = std::make_shared<testing::FakeEmbedder>(Model("one", first_is_free));
    two_ = std::make_shared<testing::FakeEmbedder>(Model("two"));
    MakeQueue(At(one_, kPriceOne), {At(two_, kPriceTwo)});
  }
  Status Ask(const std::string& text) { return QueueTestBase::Ask({text})->status(); }

  std::shared_ptr<testing::FakeEmbedder> one_;
  std::shared_ptr<testing::FakeEmbedder> two_;
};

TEST_F(FallbackTest, TheOtherIsAskedUntilTheFirstIsBack) {
  one_->FailNext(Unavailable("503"), kTrips);
  ASSERT_TRUE(Ask("first text").ok());
  EXPECT_EQ(queue_->FallbackInUse(), "two");
  ASSERT_TRUE(Ask("second text").ok());
  EXPECT_THAT(one_->calls(), SizeIs(kTrips));
  EXPECT_THAT(two_->calls(), SizeIs(2));
  // Each under the provider that was asked, at its price.
  const int64_t tokens = FakeTokens("first text") + FakeTokens("second text");
  EXPECT_EQ(Cost("two").tokens, tokens);
  EXPECT_EQ(Cost("two").cost, tokens * kPriceTwo);
  EXPECT_EQ(Cost("one").requests, kTrips);
  EXPECT_EQ(Cost("one").cost, 0);

  clock_.Advance(std::chrono::seconds(2));  // the probe is due
  ASSERT_TRUE(Ask("third text").ok());
  ASSERT_TRUE(Ask("fourth text").ok());
  EXPECT_EQ(queue_->FallbackInUse(), "");
  EXPECT_THAT(two_->calls(), SizeIs(2));
  EXPECT_EQ(Cost("one").cost, (FakeTokens("third text") + FakeTokens("fourth text")) * kPriceOne);
}

TEST_F(FallbackTest, TheOtherIsAskedBeforeTooManyAnswersAreLost) {
  // A request that hangs may be billed all the same: three are enough.
  const Status hangs = MarkMaybeBilled(DeadlineExceeded("no answer"));
  one_->FailNext(hangs, 3);
  ASSERT_TRUE(Ask("first text").ok());
  EXPECT_THAT(one_->calls(), SizeIs(3));
  EXPECT_THAT(two_->calls(), SizeIs(1));
  EXPECT_EQ(queue_->FallbackInUse(), "two");
  clock_.Advance(std::chrono::seconds(2));
  ASSERT_TRUE(Ask("second text").ok());  // the probe
  ASSERT_TRUE(Ask("third text").ok());
  EXPECT_EQ(queue_->FallbackInUse(), "");
  EXPECT_THAT(one_->calls(), SizeIs(5));
  // With nobody else to ask it ends there.
  MakeQueue(At(one_, kPriceOne));
  one_->FailNext(hangs, 3);
  EXPECT_EQ(Ask("fourth text").code(), StatusCode::kDeadlineExceeded);
}

TEST_F(FallbackTest, AProbeThatFailsLeavesTheWorkToTheOther) {
  one_->FailNext(Unavailable("503"), kTrips + 1);
  ASSERT_TRUE(Ask("first text").ok());
  clock_.Advance(std::chrono::seconds(2));
  ASSERT_TRUE(Ask("second text").ok());
  EXPECT_EQ(queue_->FallbackInUse(), "two");
  EXPECT_THAT(one_->calls(), SizeIs(kTrips + 1));
  EXPECT_EQ(Cost("two").tokens, FakeTokens("first text") + FakeTokens("second text"));
}

TEST_F(FallbackTest, ARefusalIsNotAnAbsence) {
  for (const Status& refusal : {Unauthenticated("401"), PermissionDenied("403"),
                                WithReason(NotFound("404"), reason::kModelNotFound),
                                WithReason(ResourceExhausted("402"), reason::kQuotaExhausted)}) {
    one_->FailNext(refusal, 10 * kTrips);
    for (int i = 0; i < 2 * kTrips; ++i) EXPECT_EQ(Ask("text").code(), refusal.code());
    Make();
  }
  one_->FailNext(WithRetryAfter(ResourceExhausted("429"), std::chrono::seconds(1)), 3 * kTrips);
  EXPECT_TRUE(Ask("patience").ok());
  one_->FailNext(InvalidArgument("400"));
  EXPECT_TRUE(Ask("a dead letter").ok());
  EXPECT_THAT(two_->calls(), SizeIs(0));
}

TEST_F(FallbackTest, WhatIsWrongWithTheOtherStopsNothing) {
  one_->FailNext(Unavailable("503"), kTrips + 2);
  two_->FailNext(Unauthenticated("401"), 10);
  EXPECT_TRUE(Ask("text").ok());
  EXPECT_THAT(two_->calls(), SizeIs(1));
  EXPECT_EQ(queue_->FallbackInUse(), "");
  EXPECT_EQ(Cost("one").cost, FakeTokens("text") * kPriceOne);
  EXPECT_EQ(Cost("two").cost, 0);
}

TEST_F(FallbackTest, TheBudgetIsThatOfTheProviderAsked) {
  ASSERT_TRUE(
      budget_.SetRules({{.scope = BudgetRule::Scope::kProvider, .name = "two", .limit = 1}}).ok());
  one_->FailNext(Unavailable("503"), kTrips);
  EXPECT_TRUE(Ask("text").ok());
  EXPECT_THAT(two_->calls(), SizeIs(0));
  EXPECT_EQ(Cost("one").cost, FakeTokens("text") * kPriceOne);
}

TEST_F(FallbackTest, AFullLedgerStopsAsEver) {
  one_->FailNext(Unavailable("503"), kTrips);
  ASSERT_TRUE(Ask("text").ok());
  ledger_.on_call = [](std::string_view method) {
    return method == "OpenRequest" ? WithReason(ResourceExhausted("full"), reason::kDiskFull)
                                   : OkStatus();
  };
  EXPECT_EQ(Reason(Ask("another")), reason::kDiskFull);
}

TEST_F(FallbackTest, AFreeModelWithAPaidFallbackNotesEachRequest) {
  Make(/*first_is_free=*/true);
  EXPECT_TRUE(queue_->notes_requests());
  ASSERT_TRUE(Ask("free").ok());
  one_->FailNext(Unavailable("503"), kTrips);
  ASSERT_TRUE(Ask("paid").ok());
  EXPECT_EQ(Cost("one").tokens, FakeTokens("free"));
  EXPECT_EQ(Cost("one").cost, 0);
  EXPECT_EQ(Cost("two").cost, FakeTokens("paid") * kPriceTwo);
}

}  // namespace
}  // namespace drift
