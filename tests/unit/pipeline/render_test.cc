#include "pipeline/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_embedder.h"

namespace drift {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RenderTest : public ::testing::Test {
 protected:
  RenderTest() {
    spec_.key = {"id"};
    spec_.text = "{title}: {body}";
    spec_.payload = {"lang"};
  }
  // Cells: id, then title, body, lang.
  RenderedRow Render(Row cells) {
    auto renderer = RowRenderer::Make(spec_, counter_, max_tokens_);
    EXPECT_TRUE(renderer.ok()) << renderer.status();
    return renderer->Render({std::move(cells), 4});
  }
  std::string Text(const RenderedRow& row) { return row.chunks.empty() ? "" : row.chunks[0].text; }

  PipelineSpec spec_;
  testing::FakeTokenCounter counter_;
  int64_t max_tokens_ = 0;
};

TEST_F(RenderTest, ProjectionReadsEachColumnOnceKeysFirst) {
  spec_.payload = {"id", "lang", "body"};
  spec_.where_not_null = {"tag"};
  const auto projection = RowRenderer::MakeProjection(spec_);
  ASSERT_TRUE(projection.ok());
  EXPECT_THAT(projection->key_columns, ElementsAre("id"));
  EXPECT_THAT(projection->columns, ElementsAre("title", "body", "tag", "lang"));
}

TEST_F(RenderTest, RendersTextKeyAndPayload) {
  const RenderedRow row =
      Render({int64_t{7}, std::string("T"), std::string("B"), std::string("en")});
  EXPECT_EQ(row.key, "[7]");
  EXPECT_EQ(Text(row), "T: B");
  EXPECT_EQ(PayloadJson(row.payload), R"({"lang":"en"})");
  EXPECT_EQ(row.version, 4);
}

TEST_F(RenderTest, NullsRenderEmptyAndABlankTextHasNoPoint) {
  EXPECT_EQ(Text(Render({int64_t{7}, std::string("T"), Value(), Value()})), "T: ");
  spec_.text = "{title}{body}";
  EXPECT_THAT(Render({int64_t{7}, std::string(" "), Value(), Value()}).chunks, IsEmpty());
}

TEST_F(RenderTest, TextColumnsAreJoinedWithABlankLineWithoutNulls) {
  spec_.text.clear();
  spec_.text_columns = {"title", "body"};
  EXPECT_EQ(Text(Render({int64_t{7}, std::string("T"), std::string("B"), Value()})), "T\n\nB");
  EXPECT_EQ(Text(Render({int64_t{7}, Value(), std::string("B"), Value()})), "B");
}

TEST_F(RenderTest, WhereLeavesRowsOut) {
  spec_.where_not_null = {"body"};
  EXPECT_THAT(Render({int64_t{7}, std::string("T"), Value(), Value()}).chunks, IsEmpty());
}

TEST_F(RenderTest, ContentIsTextAndPayloadAndNothingElse) {
  const RenderedRow one =
      Render({int64_t{7}, std::string("T"), std::string("B"), std::string("en")});
  const RenderedRow same =
      Render({int64_t{8}, std::string("T"), std::string("B"), std::string("en")});
  const RenderedRow other =
      Render({int64_t{7}, std::string("T"), std::string("B"), std::string("de")});
  EXPECT_EQ(one.content, same.content);
  EXPECT_NE(one.content, other.content);
}

TEST_F(RenderTest, ARowWithoutItsKeyIsDead) {
  const RenderedRow row = Render({Value(), std::string("T"), std::string("B"), Value()});
  EXPECT_TRUE(row.null_key);
  ASSERT_TRUE(row.dead.has_value());
  EXPECT_EQ(row.dead->first, "NULL_KEY");
}

TEST_F(RenderTest, ATooLongTextIsDeadAndSaysTheRemedy) {
  max_tokens_ = 4;
  const RenderedRow row =
      Render({int64_t{7}, std::string("T"), std::string("a text of many tokens"), Value()});
  ASSERT_TRUE(row.dead.has_value());
  EXPECT_EQ(row.dead->first, "TEXT_TOO_LONG");
  EXPECT_EQ(row.dead->second, "the text has 6 tokens, the model takes 4; set chunking");
}

TEST_F(RenderTest, AnEstimateNeverKillsARow) {
  max_tokens_ = 4;
  testing::FakeTokenCounter estimate(/*exact=*/false);
  auto renderer = RowRenderer::Make(spec_, estimate, max_tokens_);
  ASSERT_TRUE(renderer.ok());
  const RenderedRow row = renderer->Render(
      {{int64_t{7}, std::string("T"), std::string("a text of many tokens"), Value()}, 1});
  EXPECT_FALSE(row.dead.has_value());
}

TEST_F(RenderTest, ABrokenTemplateIsAnError) {
  spec_.text = "{title";
  const auto renderer = RowRenderer::Make(spec_, counter_, 0);
  EXPECT_EQ(Message(renderer.status()), "'{' at 1 is not closed");
}

}  // namespace
}  // namespace drift
