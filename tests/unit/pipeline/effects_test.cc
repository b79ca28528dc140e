#include "pipeline/effects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/key.h"

namespace drift {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EffectsTest : public ::testing::Test {
 protected:
  EffectsTest() {
    spec_.name = "docs";
    target_.id = 7;
    target_.revision = 2;
    target_.key.model = "fake/m";
    target_.key.pipeline = "docs";
  }

  void AddRow(const std::string& key, std::vector<std::string> texts) {
    RenderedRow& row = rows_.emplace_back();
    row.key = key;
    row.version = 9;
    for (std::string& text : texts) {
      const Sha256Digest digest = Sha256(text);
      row.chunks.push_back({std::move(text), digest});
    }
  }
  void Knows(const std::string& key, size_t chunks) {
    RowState state;
    state.key = key;
    state.guard = {2, 3};
    state.chunks.resize(chunks);
    before_.emplace(key, state);
  }
  Effects Make() {
    const StagedKeys none;
    plan_ = PlanBatch({rows_, before_, none, spec_.name, target_.revision, true, true});
    if (texts_.empty()) {
      for (size_t i = 0; i < plan_.texts.size(); ++i) {
        texts_.push_back({OkStatus(), Vector({1.0F}), WallTime{}, true, 10, false, 200});
      }
    }
    return MakeEffects({spec_, target_, "run", WallTime{}, rows_, plan_, before_, texts_});
  }

  PipelineSpec spec_;
  Target target_;
  std::vector<RenderedRow> rows_;
  RowStates before_;
  BatchPlan plan_;
  std::vector<TextResult> texts_;
};

TEST_F(EffectsTest, AnInsertIsStagedWrittenAndCommitted) {
  AddRow("[1]", {"a", "b"});
  const Effects effects = Make();
  ASSERT_THAT(effects.points.points, SizeIs(2));
  EXPECT_EQ(effects.points.points[1].id, PointId("docs", "[1]", 1));
  EXPECT_EQ(effects.points.points[1].guard, (Guard{2, 9}));
  ASSERT_THAT(effects.staged, SizeIs(1));
  EXPECT_EQ(effects.staged[0].chunks, 2);
  EXPECT_THAT(effects.deletions, IsEmpty());
  EXPECT_EQ(effects.counters.rows_inserted, 1);
  EXPECT_EQ(effects.counters.texts_embedded, 2);
  EXPECT_EQ(effects.commit.upserts[0].chunks[0].cost, 200);
}

TEST_F(EffectsTest, AnUpdateRemovesTheChunksTheOldTextLeft) {
  AddRow("[1]", {"a"});
  Knows("[1]", 3);
  const Effects effects = Make();
  EXPECT_EQ(effects.counters.rows_updated, 1);
  ASSERT_THAT(effects.deletions, SizeIs(2));
  EXPECT_EQ(effects.deletions[0].id, PointId("docs", "[1]", 1));
  EXPECT_EQ(effects.deletions[1].guard, (Guard{2, 9}));
  EXPECT_EQ(effects.staged[0].chunks, 3);
}

TEST_F(EffectsTest, EqualTextsCostOnce) {
  AddRow("[1]", {"a"});
  AddRow("[2]", {"a"});
  const Effects effects = Make();
  EXPECT_EQ(effects.counters.texts_embedded, 1);
  EXPECT_EQ(effects.counters.texts_reused, 1);
  EXPECT_EQ(effects.commit.upserts[0].chunks[0].cost, 200);
  EXPECT_EQ(effects.commit.upserts[1].chunks[0].cost, 0);
  EXPECT_EQ(effects.commit.upserts[1].chunks[0].tokens, 0);
}

TEST_F(EffectsTest, ARejectedTextMakesItsRowADeadLetterAndLeavesTheRest) {
  AddRow("[1]", {"bad", "x"});
  AddRow("[2]", {"good"});
  Knows("[1]", 1);
  texts_ = {{InvalidArgument("too long"), {}, {}, true, 0, false, 0},
            {OkStatus(), Vector({1.0F}), {}, true, 1, false, 1},
            {OkStatus(), Vector({1.0F}), {}, true, 1, false, 1}};
  const Effects effects = Make();
  ASSERT_THAT(effects.points.points, SizeIs(1));
  EXPECT_EQ(effects.points.points[0].key, "[2]");
  ASSERT_THAT(effects.commit.dead_letters, SizeIs(1));
  EXPECT_EQ(effects.commit.dead_letters[0].reason, "REJECTED_BY_PROVIDER");
  EXPECT_EQ(effects.commit.dead_letters[0].message, "too long");
  ASSERT_THAT(effects.deletions, SizeIs(1));  // the older point of the row goes
  EXPECT_EQ(effects.deletions[0].id, PointId("docs", "[1]", 0));
  EXPECT_TRUE(effects.commit.upserts[0].dead);
}

TEST_F(EffectsTest, ARowWithoutAKeyIsADeadLetterWithoutAState) {
  AddRow("[null]", {"a"});
  rows_[0].null_key = true;
  rows_[0].dead = {"NULL_KEY", "no key"};
  const Effects effects = Make();
  EXPECT_THAT(effects.commit.dead_letters, SizeIs(1));
  EXPECT_THAT(effects.commit.upserts, IsEmpty());
  EXPECT_THAT(effects.points.points, IsEmpty());
}

TEST_F(EffectsTest, AMendedRowClosesItsDeadLetter) {
  AddRow("[1]", {"a"});
  Knows("[1]", 0);
  before_.at("[1]").dead = true;
  EXPECT_THAT(Make().commit.closed_letters, ElementsAre("[1]"));
}

TEST_F(EffectsTest, PointsTheSinkRefusesKillTheirRow) {
  AddRow("[1]", {"a", "b"});
  AddRow("[2]", {"c"});
  Effects effects = Make();
  RejectPoints({{1, InvalidArgument("payload too large")}}, target_, WallTime{}, effects);
  EXPECT_TRUE(effects.commit.upserts[0].dead);
  EXPECT_FALSE(effects.commit.upserts[1].dead);
  ASSERT_THAT(effects.commit.dead_letters, SizeIs(1));
  EXPECT_EQ(effects.commit.dead_letters[0].reason, "REJECTED_BY_SINK");
  EXPECT_THAT(effects.deletions, SizeIs(2));  // its other point goes too
}

TEST_F(EffectsTest, DeletionsNameEveryPointOfTheRow) {
  const Effects effects =
      MakeDeletion(spec_, target_, "run", WallTime{}, {{"[1]", 2, {2, 9}}, {"[2]", 0, {2, 9}}});
  EXPECT_THAT(effects.deletions, SizeIs(2));
  EXPECT_THAT(effects.commit.deletions, SizeIs(2));
  EXPECT_EQ(effects.counters.rows_deleted, 2);
}

}  // namespace
}  // namespace drift
