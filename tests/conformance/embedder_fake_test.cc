#include <thread>

#include "tests/conformance/embedder_suite.h"
#include "tests/fakes/fake_embedder.h"

namespace drift::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Fake, EmbedderSuite,
                         ::testing::Values(EmbedderSuiteParam{
                             "fake", [] { return std::make_shared<FakeEmbedder>(64); }}),
                         EmbedderSuiteName);

// What the fake does beyond an embedder: tests lean on it.

const std::vector<std::string> kTexts = {"one", "two", "three"};

TEST(FakeEmbedderTest, FailsAsToldThenWorks) {
  FakeEmbedder fake;
  fake.FailNext(Unavailable("away"), 2);
  EXPECT_EQ(fake.Embed(kTexts, InputKind::kDocument, {}).status().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(fake.Embed(kTexts, InputKind::kDocument, {}).ok());
  EXPECT_TRUE(fake.Embed(kTexts, InputKind::kDocument, {}).ok());
  EXPECT_EQ(fake.calls().size(), 3u);
  EXPECT_EQ(fake.billed_texts().at("one"), 1);
  EXPECT_EQ(fake.billed_tokens(), 1 + 1 + 2);
}

TEST(FakeEmbedderTest, ALostAnswerIsBilled) {
  FakeEmbedder fake;
  fake.LoseNextAnswer(Unavailable("reset"));
  const auto lost = fake.Embed(kTexts, InputKind::kDocument, {});
  EXPECT_EQ(lost.status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(MaybeBilled(lost.status()));
  EXPECT_EQ(fake.billed_texts().at("one"), 1);
}

TEST(FakeEmbedderTest, RejectsAndRefusesTexts) {
  FakeEmbedder fake;
  fake.RejectText("two", InvalidArgument("no"));
  const auto partly = fake.Embed(kTexts, InputKind::kDocument, {});
  ASSERT_TRUE(partly.ok());
  ASSERT_EQ(partly->rejected.size(), 1u);
  EXPECT_EQ(partly->rejected[0].index, 1u);
  EXPECT_TRUE(partly->vectors[1].empty());
  EXPECT_FALSE(fake.billed_texts().contains("two"));

  fake.RefuseCallsWith("three", InvalidArgument("something in it"));
  EXPECT_EQ(fake.Embed(kTexts, InputKind::kDocument, {}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(fake.Embed(std::span(kTexts).first(2), InputKind::kDocument, {}).ok());
}

TEST(FakeEmbedderTest, HoldsCallsUntilReleased) {
  FakeEmbedder fake;
  fake.Hold();
  std::thread caller([&] { EXPECT_TRUE(fake.Embed(kTexts, InputKind::kDocument, {}).ok()); });
  fake.WaitForCalls(1);
  EXPECT_EQ(fake.in_flight(), 1);
  EXPECT_TRUE(fake.calls().empty());
  fake.Release();
  caller.join();
  EXPECT_EQ(fake.calls().size(), 1u);
  EXPECT_EQ(fake.most_in_flight(), 1);
}

}  // namespace
}  // namespace drift::testing
