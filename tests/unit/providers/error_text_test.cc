#include "providers/error_text.h"

#include <gtest/gtest.h>

#include "providers/sent_texts.h"

namespace drift {
namespace {

const std::vector<std::string> kTexts = {"the patient complains of headaches", "short"};

TEST(QuotableTest, OneLineOfLimitedLength) {
  EXPECT_EQ(Quotable("a\nb\tc\x01", kTexts, ""), "a b c");
  EXPECT_EQ(Quotable(std::string(1000, 'x'), kTexts, "").size(), 300u);
  EXPECT_EQ(Quotable("broken \xff utf-8", kTexts, ""), "broken   utf-8");
  EXPECT_EQ(Quotable("", kTexts, ""), "");
}

TEST(QuotableTest, NeitherTextsNorKeysAreRepeated) {
  EXPECT_EQ(Quotable("invalid input: 'patient complains of'", kTexts, ""), "");
  EXPECT_EQ(Quotable("invalid input: 'short'", kTexts, ""), "");
  EXPECT_EQ(Quotable("invalid input: 'patient comp'", kTexts, ""),
            "invalid input: 'patient comp'");  // too little to be a quotation
  EXPECT_EQ(Quotable("no such key: sk-123456789", kTexts, "sk-123456789"), "");
}

TEST(SentTextsTest, RejectedTextsKeepTheirPlaces) {
  const std::vector<std::string> texts = {"", "a", "b", "", "c"};
  SentTexts sent = PrepareTexts(texts, "query: ");
  EXPECT_EQ(sent.texts, (std::vector<std::string>{"query: a", "query: b", "query: c"}));
  sent.Reject(1, InvalidArgument("no"));
  const Embeddings out = Assemble(std::move(sent), {Vector({1}), Vector({2})});
  ASSERT_EQ(out.vectors.size(), 5u);
  EXPECT_EQ(out.vectors[1].values()[0], 1);
  EXPECT_EQ(out.vectors[4].values()[0], 2);
  ASSERT_EQ(out.rejected.size(), 3u);
  EXPECT_EQ(out.rejected[0].index, 0u);
  EXPECT_EQ(out.rejected[1].index, 2u);
  EXPECT_EQ(Message(out.rejected[1].why), "no");
  EXPECT_EQ(out.rejected[2].index, 3u);
}

}  // namespace
}  // namespace drift
