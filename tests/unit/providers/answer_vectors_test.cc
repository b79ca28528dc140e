#include "providers/answer_vectors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/reasons.h"

namespace drift {
namespace {

using ::testing::ElementsAre;

const std::vector<float> kUnit = {0.6f, 0.8f};

void ExpectBad(const Status& status, std::string_view message) {
  EXPECT_EQ(status.code(), StatusCode::kAborted);
  EXPECT_EQ(Reason(status), reason::kBadAnswer);
  EXPECT_EQ(Message(status), message);
}

TEST(AnswerVectorsTest, AnyOrderInTheirOrderOut) {
  AnswerVectors vectors(3, 2);
  ASSERT_TRUE(vectors.Put(2, std::vector<float>{0, 1}).ok());
  ASSERT_TRUE(vectors.Put(0, kUnit).ok());
  ASSERT_TRUE(vectors.Put(1, std::vector<float>{-3, 4}).ok());
  const auto out = std::move(vectors).Take();
  ASSERT_TRUE(out.ok()) << out.status();
  EXPECT_THAT((*out)[0].values(), ElementsAre(0.6f, 0.8f));
  EXPECT_THAT((*out)[1].values(), ElementsAre(-0.6f, 0.8f));
  EXPECT_THAT((*out)[2].values(), ElementsAre(0, 1));
}

TEST(AnswerVectorsTest, AUnitVectorKeepsItsBits) {
  const std::vector<float> almost = {0.6000001f, 0.8000001f};
  AnswerVectors vectors(1, 2);
  ASSERT_TRUE(vectors.Put(0, almost).ok());
  const auto out = std::move(vectors).Take();
  EXPECT_THAT((*out)[0].values(), ElementsAre(almost[0], almost[1]));
}

TEST(AnswerVectorsTest, HugeAndTinyOnesAreMadeUnit) {
  AnswerVectors vectors(2, 2);
  ASSERT_TRUE(vectors.Put(0, std::vector<float>{3e38f, 0}).ok());
  ASSERT_TRUE(vectors.Put(1, std::vector<float>{0, 1e-30f}).ok());
  const auto out = std::move(vectors).Take();
  EXPECT_THAT((*out)[0].values(), ElementsAre(1, 0));
  EXPECT_THAT((*out)[1].values(), ElementsAre(0, 1));
}

TEST(AnswerVectorsTest, NothingWrongGetsThrough) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  AnswerVectors vectors(2, 2);
  ExpectBad(vectors.Put(2, kUnit), "vector 2 for 2 texts");
  ExpectBad(vectors.Put(0, std::vector<float>{1}),
            "vector 0 has 1 dimensions where 2 are expected");
  ExpectBad(vectors.Put(0, std::vector<float>{1, kNan}),
            "vector 0 holds a number that is not finite");
  ExpectBad(vectors.Put(0, std::vector<float>{-kInfinity, 1}),
            "vector 0 holds a number that is not finite");
  ExpectBad(vectors.Put(0, std::vector<float>{0, 0}), "vector 0 has length 0");
  ExpectBad(vectors.PutBytes(0, "12345"), "vector 0 has 5 bytes");
  ExpectBad(vectors.PutBytes(0, "1234"), "vector 0 has 1 dimensions where 2 are expected");
  ASSERT_TRUE(vectors.Put(0, kUnit).ok());
  ExpectBad(vectors.Put(0, kUnit), "vector 0 comes twice");
  ExpectBad(std::move(vectors).Take().status(), "1 vectors for 2 texts");
}

}  // namespace
}  // namespace drift
