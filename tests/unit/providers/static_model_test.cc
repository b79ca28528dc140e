#include "providers/local/static_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace drift::local {
namespace {

StaticModel Model() {
  return StaticModel(Matrix{3, 2, {3, 0, 0, 4, -3, -4}});
}

TEST(StaticModelTest, IsTheMeanOfTheRowsAsAUnitVector) {
  std::vector<float> out(2);
  ASSERT_TRUE(Model().Embed(std::vector<uint32_t>{0, 1}, out).ok());
  EXPECT_THAT(out, ::testing::ElementsAre(0.6f, 0.8f));
  ASSERT_TRUE(Model().Embed(std::vector<uint32_t>{0, 0, 0}, out).ok());
  EXPECT_THAT(out, ::testing::ElementsAre(1, 0));
}

TEST(StaticModelTest, LongTextsLoseNothing) {
  // A third in float is not a third; a million of them in float would drift.
  const StaticModel model(Matrix{2, 2, {1.0f / 3, 0, 0, 1.0f / 3}});
  std::vector<uint32_t> ids(1'000'000, 0);
  ids.resize(2'000'000, 1);
  std::vector<float> out(2);
  ASSERT_TRUE(model.Embed(ids, out).ok());
  EXPECT_NEAR(out[0], std::sqrt(0.5), 1e-7);
  EXPECT_NEAR(out[1], std::sqrt(0.5), 1e-7);
}

TEST(StaticModelTest, WhatHasNoDirectionIsRefused) {
  std::vector<float> out(2);
  EXPECT_EQ(Model().Embed({}, out).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Model().Embed(std::vector<uint32_t>{0, 1, 2}, out).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Model().Embed(std::vector<uint32_t>{3}, out).code(), StatusCode::kInternal);
}

}  // namespace
}  // namespace drift::local
