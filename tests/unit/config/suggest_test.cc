#include "base/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace drift {
namespace {

const std::vector<std::string> kKnown = {"type", "size", "overlap"};

TEST(Suggest, FindsSlipsOfTheFingers) {
  EXPECT_EQ(NearestWord("overlp", kKnown), "overlap");
  EXPECT_EQ(NearestWord("Overlap", kKnown), "overlap");
  EXPECT_EQ(NearestWord("tpye", kKnown), "type");
  EXPECT_EQ(NearestWord("sizes", kKnown), "size");
}

TEST(Suggest, KeepsQuietWhenNothingIsNear) {
  EXPECT_EQ(NearestWord("schedule", kKnown), "");
  EXPECT_EQ(NearestWord("", kKnown), "");
  EXPECT_EQ(NearestWord("xy", std::vector<std::string>{"ab"}), "");
  EXPECT_EQ(NearestWord("a", std::vector<std::string>{"b"}), "");
  EXPECT_EQ(NearestWord(std::string(100'000, 'x'), kKnown), "");
}

TEST(Suggest, PrefersTheNearest) {
  const std::vector<std::string> known = {"text_columns", "text"};
  EXPECT_EQ(NearestWord("txt", known), "text");
  EXPECT_EQ(NearestWord("text_column", known), "text_columns");
}

TEST(Suggest, SaysWhatIsKnownWhenNothingIsNear) {
  EXPECT_EQ(DidYouMean("overlp", kKnown), "; did you mean 'overlap'?");
  EXPECT_EQ(DidYouMean("bananas", kKnown), "; known: type, size, overlap");
  EXPECT_EQ(DidYouMean("bananas", {}), "");
}

}  // namespace
}  // namespace drift
