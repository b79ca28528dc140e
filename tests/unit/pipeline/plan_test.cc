#include "pipeline/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/key.h"

namespace drift {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using Action = RowPlan::Action;

RenderedRow Rendered(const std::string& key, std::vector<std::string> texts, uint8_t content = 1) {
  RenderedRow row;
  row.key = key;
  row.version = 5;
  for (std::string& text : texts) {
    const Sha256Digest digest = Sha256(text);
    row.chunks.push_back({std::move(text), digest});
  }
  row.content[0] = content;
  return row;
}

RowState State(const std::string& key, std::vector<std::string> texts, uint8_t content = 1) {
  RowState state;
  state.key = key;
  state.guard = {1, 3};
  state.content[0] = content;
  for (const std::string& text : texts) state.chunks.push_back({.text_sha256 = Sha256(text)});
  return state;
}

class PlanTest : public ::testing::Test {
 protected:
  BatchPlan Plan() {
    return PlanBatch({rows_, states_, staged_, "docs", revision_, dedup_, force_});
  }
  void Knows(RowState state) { states_.emplace(state.key, state); }

  std::vector<RenderedRow> rows_;
  RowStates states_;
  StagedKeys staged_;
  int32_t revision_ = 1;
  bool dedup_ = true;
  bool force_ = false;
};

TEST_F(PlanTest, EqualContentIsSkipped) {
  rows_ = {Rendered("[1]", {"a"})};
  Knows(State("[1]", {"a"}));
  EXPECT_EQ(Plan().rows[0].action, Action::kSkip);
}

TEST_F(PlanTest, AnotherRevisionIsNeverSkippedButItsVectorIsReused) {
  rows_ = {Rendered("[1]", {"a"})};
  Knows(State("[1]", {"a"}));
  revision_ = 2;
  const BatchPlan plan = Plan();
  EXPECT_EQ(plan.rows[0].action, Action::kWrite);
  EXPECT_THAT(plan.texts[0].own_candidates, ElementsAre(PointId("docs", "[1]", 0)));
}

TEST_F(PlanTest, AStagedKeyIsNeverTrusted) {
  rows_ = {Rendered("[1]", {"a"})};
  Knows(State("[1]", {"a"}));
  staged_["[1]"] = {"[1]", 3, {1, 4}};
  const BatchPlan plan = Plan();
  EXPECT_EQ(plan.rows[0].action, Action::kWrite);
  EXPECT_EQ(plan.rows[0].old_chunks, 3);  // the larger count: all of them may be there
  EXPECT_THAT(plan.texts[0].own_candidates, ElementsAre(PointId("docs", "[1]", 0)));
}

TEST_F(PlanTest, AStagedKeyThatTheLedgerDoesNotKnowCountsAsExisting) {
  rows_ = {Rendered("[1]", {})};
  staged_["[1]"] = {"[1]", 2, {1, 4}};
  const BatchPlan plan = Plan();
  EXPECT_EQ(plan.rows[0].action, Action::kClear);
  EXPECT_EQ(plan.rows[0].old_chunks, 2);
}

TEST_F(PlanTest, EqualTextsOfABatchAreOneText) {
  rows_ = {Rendered("[1]", {"a"}), Rendered("[2]", {"a"}), Rendered("[3]", {"b"})};
  const BatchPlan plan = Plan();
  ASSERT_THAT(plan.texts, SizeIs(2));
  EXPECT_THAT(plan.texts[0].uses, SizeIs(2));
  dedup_ = false;
  EXPECT_THAT(Plan().texts, SizeIs(3));
}

TEST_F(PlanTest, APayloadChangeReusesTheRowsOwnVectorEvenWithoutDedup) {
  rows_ = {Rendered("[1]", {"a"}, 2)};
  Knows(State("[1]", {"a"}, 1));
  dedup_ = false;
  EXPECT_THAT(Plan().texts[0].own_candidates, SizeIs(1));
}

TEST_F(PlanTest, AChunkThatMovedWithinItsRowIsFound) {
  rows_ = {Rendered("[1]", {"new", "a"}, 2)};
  Knows(State("[1]", {"a"}, 1));
  const BatchPlan plan = Plan();
  EXPECT_TRUE(plan.texts[0].own_candidates.empty());
  EXPECT_THAT(plan.texts[1].own_candidates, ElementsAre(PointId("docs", "[1]", 0)));
}

TEST_F(PlanTest, ARowThatLostItsTextIsCleared) {
  rows_ = {Rendered("[1]", {}, 2)};
  Knows(State("[1]", {"a", "b"}, 1));
  const BatchPlan plan = Plan();
  EXPECT_EQ(plan.rows[0].action, Action::kClear);
  EXPECT_EQ(plan.rows[0].old_chunks, 2);
}

TEST_F(PlanTest, DeadRowsArePlannedAndThenSkippedUntilTheyChange) {
  rows_ = {Rendered("[1]", {"a"}, 2)};
  rows_[0].dead = {"TEXT_TOO_LONG", "too long"};
  EXPECT_EQ(Plan().rows[0].action, Action::kDead);
  RowState dead = State("[1]", {}, 2);
  dead.dead = true;
  Knows(dead);
  EXPECT_EQ(Plan().rows[0].action, Action::kSkip);
  force_ = true;  // a replay
  EXPECT_EQ(Plan().rows[0].action, Action::kDead);
}

}  // namespace
}  // namespace drift
