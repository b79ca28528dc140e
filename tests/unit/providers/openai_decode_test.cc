#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "core/reasons.h"
#include "tests/unit/providers/protocols.h"

namespace drift::openai {
namespace {

using ::testing::ElementsAre;

StatusOr<Embeddings> DecodeAnswer(const std::string& body, size_t count, size_t dimensions) {
  return ReadAnswer(*testing::TestProtocol("openai"), testing::TestAnswer(200, body), count,
                    dimensions);
}

std::string Base64Of(std::vector<float> values) {
  return Base64Encode(
      {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

std::string Item(int index, const std::string& embedding) {
  return fmt::format(R"({{"object":"embedding","index":{},"embedding":{}}})", index, embedding);
}

std::string Body(const std::vector<std::string>& items,
                 std::string_view usage = R"({"prompt_tokens":7,"total_tokens":7})") {
  std::string out = R"({"object":"list","data":[)";
  for (size_t i = 0; i < items.size(); ++i) out += (i > 0 ? "," : "") + items[i];
  return out + fmt::format(R"(],"model":"m","usage":{}}})", usage);
}

TEST(OpenaiDecodeTest, Base64AndNumbersInAnyOrder) {
  const auto answer = DecodeAnswer(
      Body({Item(1, "[0.6,-0.8]"), Item(0, fmt::format("\"{}\"", Base64Of({0, 1})))}), 2, 2);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->vectors[0].values(), ElementsAre(0, 1));
  EXPECT_THAT(answer->vectors[1].values(), ElementsAre(0.6f, -0.8f));
  EXPECT_EQ(answer->billed_tokens, 7);
}

TEST(OpenaiDecodeTest, AServerThatDoesNotSayWhatItBilled) {
  for (const char* usage : {"null", "{}", "{\"total_tokens\":null}", "{\"total_tokens\":-1}"}) {
    const auto answer = DecodeAnswer(Body({Item(0, "[1]")}, usage), 1, 1);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->billed_tokens, std::nullopt) << usage;
  }
}

void ExpectBad(const std::string& body, std::string_view message) {
  const auto answer = DecodeAnswer(body, 2, 2);
  EXPECT_EQ(answer.status().code(), StatusCode::kAborted);
  EXPECT_EQ(Reason(answer.status()), reason::kBadAnswer);
  EXPECT_EQ(Message(answer.status()), fmt::format("the answer cannot be used: {}", message));
}

TEST(OpenaiDecodeTest, WhatIsWrongIsSaid) {
  const std::string good = Item(0, "[1,0]");
  ExpectBad("<html>", "not JSON: unexpected text at byte 1 of 6");
  ExpectBad(R"({"data":[{"index":0,)", "not JSON: unexpected text at byte 21 of 20");
  ExpectBad("[]", "the document: expected an object, found an array");
  ExpectBad("{}", "data: missing");
  ExpectBad(R"({"data":7})", "data: expected an array, found a number");
  ExpectBad(Body({good}), "1 vectors for 2 texts");
  ExpectBad(Body({good, good, good}), "3 vectors for 2 texts");
  ExpectBad(Body({good, good}), "vector 0 comes twice");
  ExpectBad(Body({good, Item(2, "[1,0]")}), "vector 2 for 2 texts");
  ExpectBad(Body({good, Item(-1, "[1,0]")}), "vector -1");
  ExpectBad(Body({good, Item(1, "[1,0,0]")}), "vector 1 has 3 dimensions where 2 are expected");
  ExpectBad(Body({good, Item(1, "[0,0]")}), "vector 1 has length 0");
  ExpectBad(Body({good, Item(1, "[1,1e300]")}), "vector 1 holds a number that is not finite");
  ExpectBad(Body({good, Item(1, "[1,null]")}),
            "data[1].embedding[1]: expected a number, found null");
  ExpectBad(Body({good, Item(1, "[1,NaN]")}), "not JSON: unexpected text at byte 124 of 187");
  ExpectBad(Body({good, Item(1, "null")}), "data[1].embedding: missing");
  ExpectBad(Body({good, Item(1, "\"AAAA*\"")}), "base64: truncated");
  ExpectBad(Body({good, Item(1, "\"AAAAAAA*\"")}), "base64: unexpected character at 7");
  ExpectBad(Body({good, Item(1, "\"AAAA\"")}), "vector 1 has 3 bytes");
  const std::string nan = Base64Of({1, std::numeric_limits<float>::quiet_NaN()});
  ExpectBad(Body({good, Item(1, fmt::format("\"{}\"", nan))}),
            "vector 1 holds a number that is not finite");
  ExpectBad(Body({good, R"({"embedding":[1,0]})"}), "data[1].index: missing");
}

}  // namespace
}  // namespace drift::openai
