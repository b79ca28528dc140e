#include "providers/token_ratio.h"

#include <gtest/gtest.h>

#include "providers/token_counters.h"

namespace drift {
namespace {

constexpr int64_t kHundredTokens = 100;  // by EstimateTokens()

TEST(TokenRatioTest, BeforeAnythingIsLearnedTheEstimateHolds) {
  const TokenRatio ratio;
  EXPECT_EQ(ratio.Apply(100), 100);
  EXPECT_EQ(ratio.Apply(0), 0);
}

TEST(TokenRatioTest, ComesNearWhatIsBilled) {
  for (const double truth : {0.5, 0.8, 1.0, 1.3, 2.5}) {
    TokenRatio ratio;
    for (int i = 0; i < 1000; ++i) ratio.Learn(kHundredTokens, std::llround(100 * truth));
    EXPECT_NEAR(ratio.value(), truth, truth * 0.02);
    EXPECT_NEAR(static_cast<double>(ratio.Apply(10'000)), 10'000 * truth, 200 * truth);
  }
}

TEST(TokenRatioTest, AFewAnswersAreNotYetTheTruth) {
  TokenRatio ratio;
  ratio.Learn(kHundredTokens, 200);
  EXPECT_GT(ratio.value(), 1.0);
  EXPECT_LT(ratio.value(), 1.2);
}

TEST(TokenRatioTest, OddAnswersAreKeptInBounds) {
  TokenRatio ratio;
  for (int i = 0; i < 1000; ++i) ratio.Learn(kHundredTokens, 1'000'000'000);
  EXPECT_LE(ratio.value(), TokenRatio::kMostRatio);
  TokenRatio small;
  for (int i = 0; i < 1000; ++i) small.Learn(kHundredTokens, 1);
  EXPECT_GE(small.value(), 1 / TokenRatio::kMostRatio);
  EXPECT_EQ(small.Apply(1), 1);
  const double before = small.value();
  small.Learn(kHundredTokens, 0);
  small.Learn(0, 0);
  small.Learn(0, 7);
  EXPECT_EQ(small.value(), before);
}

TEST(TokenRatioTest, WhatIsEmbeddedTodayCounts) {
  TokenRatio ratio;
  for (int i = 0; i < 50'000; ++i) ratio.Learn(kHundredTokens, 100);
  for (int i = 0; i < 100'000; ++i) ratio.Learn(kHundredTokens, 200);
  EXPECT_NEAR(ratio.value(), 2.0, 0.02);
}

TEST(TokenRatioTest, IsOneForAllThatAskForAModel) {
  TokenRatios ratios;
  ratios.Of("voyage/voyage-4")->Learn(kHundredTokens, 200);
  EXPECT_GT(ratios.Of("voyage/voyage-4")->value(), 1);
  EXPECT_EQ(ratios.Of("voyage/voyage-4-lite")->value(), 1);
}

TEST(TokenRatioTest, CountersFollowIt) {
  local::ModelFiles files({});
  ModelEntry entry;
  const auto ratio = std::make_shared<TokenRatio>();
  const auto counter = MakeTokenCounter(entry, files, ratio).value();
  EXPECT_FALSE(counter->exact());
  const std::string text(4000, 'x');
  EXPECT_EQ(counter->Count(text), 1000);
  for (int i = 0; i < 1000; ++i) ratio->Learn(kHundredTokens, 150);
  EXPECT_NEAR(static_cast<double>(counter->Count(text)), 1500, 10);
  EXPECT_EQ(counter->Measure(text), 1000) << "texts are cut as before";
}

}  // namespace
}  // namespace drift
