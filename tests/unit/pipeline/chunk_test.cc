#include "pipeline/chunk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/utf8.h"

namespace drift {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One token per word.
class WordCounter final : public TokenCounter {
 public:
  int64_t Count(std::string_view text) override {
    int64_t words = 0;
    bool in_word = false;
    for (const char c : text) {
      const bool space = c == ' ' || c == '\n';
      if (!space && !in_word) ++words;
      in_word = !space;
    }
    return words;
  }
  bool exact() const override { return true; }
};

std::vector<std::string> Chunk(std::string_view text, ChunkingSpec::Type type, int size,
                               int overlap = 0) {
  WordCounter counter;
  return ChunkText(text, {type, size, overlap}, counter);
}

constexpr auto kNone = ChunkingSpec::Type::kNone;
constexpr auto kSentence = ChunkingSpec::Type::kSentence;
constexpr auto kTokens = ChunkingSpec::Type::kTokens;

TEST(Chunk, NoneKeepsTheTextAsItIs) {
  EXPECT_THAT(Chunk("  a b \n", kNone, 0), ElementsAre("  a b \n"));
}

TEST(Chunk, BlankTextHasNoChunks) {
  EXPECT_THAT(Chunk(" \n\t ", kNone, 0), IsEmpty());
  EXPECT_THAT(Chunk("\u00a0\u3000", kSentence, 5), IsEmpty());
}

TEST(Chunk, SentencesArePackedUpToTheSize) {
  EXPECT_THAT(Chunk("One two. Three four five. Six.", kSentence, 5),
              ElementsAre("One two. Three four five.", "Six."));
}

TEST(Chunk, ASentenceLongerThanTheSizeIsCutAtWords) {
  EXPECT_THAT(Chunk("a b c d e f g. h.", kSentence, 3), ElementsAre("a b c", "d e f", "g. h."));
}

TEST(Chunk, DotsInsideWordsEndNoSentence) {
  EXPECT_THAT(Chunk("Version 1.2 of a.b is out. Good.", kSentence, 6),
              ElementsAre("Version 1.2 of a.b is out.", "Good."));
}

TEST(Chunk, OverlapRepeatsTheEnd) {
  EXPECT_THAT(Chunk("a b c d e f g", kTokens, 4, 1), ElementsAre("a b c d", "d e f g"));
}

TEST(Chunk, WideFullStopsEndSentences) {
  EXPECT_THAT(Chunk("一。二。", kSentence, 1), ElementsAre("一。", "二。"));
}

// Whatever the text: chunks keep to the size, cover every word in order, and are deterministic.
TEST(Chunk, RandomTexts) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const std::vector<std::string> parts = {"word", "a", "ß",    "日本語", ". ",
                                          "! ",   " ", "\n\n", ",",      "x.y"};
  WordCounter counter;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (unsigned i = random() % 60; i > 0; --i)
      text += parts[random() % parts.size()] + (random() % 2 ? " " : "");
    const int size = 1 + static_cast<int>(random() % 8);
    const int overlap = static_cast<int>(random() % static_cast<unsigned>(size));
    const auto type = random() % 2 ? kSentence : kTokens;
    const auto chunks = ChunkText(text, {type, size, overlap}, counter);
    EXPECT_EQ(chunks, ChunkText(text, {type, size, overlap}, counter));
    size_t at = 0;
    for (const std::string& chunk : chunks) {
      EXPECT_LE(counter.Count(chunk), size) << text;
      EXPECT_TRUE(IsUtf8(chunk));
      const size_t found = text.find(chunk, at > 0 ? at - 1 : 0);
      EXPECT_NE(text.find(chunk), std::string::npos) << chunk;
      if (found != std::string::npos) at = found;
    }
    if (overlap > 0) continue;
    std::string joined, plain;
    for (const std::string& chunk : chunks) joined += chunk;
    std::erase_if(joined, [](char c) { return c == ' ' || c == '\n'; });
    plain = text;
    std::erase_if(plain, [](char c) { return c == ' ' || c == '\n'; });
    EXPECT_EQ(joined, plain);
  }
}

}  // namespace
}  // namespace drift
