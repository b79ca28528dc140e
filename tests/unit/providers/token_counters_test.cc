#include "providers/token_counters.h"

#include <gtest/gtest.h>

namespace drift {
namespace {

std::unique_ptr<TokenCounter> Counter(TokenizerKind kind) {
  static local::ModelFiles& files = *new local::ModelFiles({});
  ModelEntry entry;
  entry.tokenizer = kind;
  return MakeTokenCounter(entry, files, nullptr).value();
}

// Counts of OpenAI's own tokenizer (tiktoken).
TEST(TokenCountersTest, OpenaisTokenizersAreExact) {
  const auto cl100k = Counter(TokenizerKind::kCl100k);
  EXPECT_TRUE(cl100k->exact());
  EXPECT_EQ(cl100k->Count("hello world"), 2);
  EXPECT_EQ(cl100k->Count("tiktoken is great!"), 6);
  EXPECT_EQ(cl100k->Count("antidisestablishmentarianism"), 6);
  EXPECT_EQ(cl100k->Count("2 + 2 = 4"), 7);
  EXPECT_EQ(cl100k->Count("お誕生日おめでとう"), 9);
  // What looks like a special token is text.
  EXPECT_GT(cl100k->Count("<|endoftext|>"), 1);
  const auto o200k = Counter(TokenizerKind::kO200k);
  EXPECT_EQ(o200k->Count("antidisestablishmentarianism"), 6);
  EXPECT_EQ(o200k->Count("2 + 2 = 4"), 7);
  EXPECT_EQ(o200k->Count("お誕生日おめでとう"), 8);
}

TEST(TokenCountersTest, EnormousAndBrokenTextsAreCountedToo) {
  const auto cl100k = Counter(TokenizerKind::kCl100k);
  EXPECT_GT(cl100k->Count(std::string(200'000, 'a')), 20'000);
  EXPECT_GT(cl100k->Count(std::string(200'000, ' ')), 1000);
  EXPECT_EQ(cl100k->Count("\xff\xfe\xfd\xfc"), 2);
}

TEST(TokenCountersTest, TheEstimateIsNearAndSaysSo) {
  const auto estimate = Counter(TokenizerKind::kEstimate);
  EXPECT_FALSE(estimate->exact());
  EXPECT_EQ(estimate->Count(""), 1);
  EXPECT_EQ(estimate->Count("12345678"), 2);
  const auto exact = Counter(TokenizerKind::kCl100k);
  for (const std::string& text :
       {std::string("The quick brown fox jumps over the lazy dog, and nobody in the village seems "
                    "to mind that it does so every single day of the year."),
        std::string("素早い茶色の狐がのろまな犬を飛び越える。敏捷的棕色狐狸跳过了懒狗。"),
        std::string("Быстрая коричневая лиса перепрыгивает через ленивую собаку.")}) {
    const auto counted = static_cast<double>(exact->Count(text));
    EXPECT_GT(static_cast<double>(estimate->Count(text)), counted * 0.6) << text;
    EXPECT_LT(static_cast<double>(estimate->Count(text)), counted * 2.0) << text;
  }
}

}  // namespace
}  // namespace drift
