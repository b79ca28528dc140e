#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/encoding.h"
#include "base/hash.h"
#include "core/reasons.h"
#include "providers/shadow/provider.h"
#include "providers/shadow/vectors.h"

namespace drift::shadow {
namespace {

std::vector<float> VectorOf(std::string_view text, size_t dimensions) {
  std::vector<float> out(dimensions);
  ShadowVector(text, out);
  return out;
}

std::string HashOf(const std::vector<float>& values) {
  const Sha256Digest digest =
      Sha256({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// Computed by a program of its own in Python from what vectors.h says.
TEST(ShadowVectorTest, IsTheSameEverywhere) {
  EXPECT_THAT(VectorOf("hello", 4), ::testing::ElementsAre(0x1.5eb646p-1f, -0x1.bd4a08p-4f,
                                                           0x1.5d0734p-1f, -0x1.dd1876p-3f));
  EXPECT_THAT(VectorOf("Größe", 3),
              ::testing::ElementsAre(0x1.49a276p-2f, -0x1.71d57ep-1f, 0x1.395f44p-1f));
  const std::vector<float> odd = VectorOf("hello", 21);
  EXPECT_EQ(odd[0], 0x1.4f1f90p-2f);
  EXPECT_EQ(odd[3], -0x1.c7e3a6p-4f);
  EXPECT_EQ(HashOf(VectorOf("hello", 1536)),
            "d413fa153d9a65a833bf1c8c2692bb321b6aa942a7d24d34de148aa2fc9abac6");
}

TEST(ShadowVectorTest, IsAUnitVectorInAnyDimension) {
  for (const size_t dimensions : {1u, 2u, 3u, 15u, 16u, 17u, 256u, 1536u, 65'536u}) {
    for (int i = 0; i < 50; ++i) {
      double squares = 0;
      for (const float x : VectorOf(std::to_string(i), dimensions)) {
        squares += static_cast<double>(x) * x;
      }
      EXPECT_NEAR(squares, 1, 1e-5) << dimensions;
    }
  }
}

TEST(ShadowVectorTest, TextsHaveNothingToDoWithOneAnother) {
  // The cosine of two such vectors has a standard deviation of 1 / sqrt(dimensions) = 0.026.
  const std::vector<float> a = VectorOf("text 1", 1536);
  for (int i = 2; i < 200; ++i) {
    const std::vector<float> b = VectorOf(fmt::format("text {}", i), 1536);
    double dot = 0;
    for (size_t j = 0; j < a.size(); ++j) dot += static_cast<double>(a[j]) * b[j];
    EXPECT_LT(std::abs(dot), 0.15) << i;
  }
}

TEST(ShadowModelTest, IsNamedByItsDimensions) {
  EXPECT_EQ(FindModel("1536")->dimensions.standard, 1536);
  EXPECT_EQ(FindModel("65536")->name, "65536");
  for (const char* name :
       {"", "0", "-1", "1.5", "65537", "01536", "text-embedding-3-small", "8x"}) {
    const auto entry = FindModel(name);
    EXPECT_EQ(entry.status().code(), StatusCode::kNotFound) << name;
    EXPECT_EQ(Reason(entry.status()), reason::kModelNotFound);
  }
  EXPECT_EQ(
      Message(FindModel("small").status()),
      "model 'shadow/small': a shadow model is named by its dimensions, from 1 to 65536, like "
      "shadow/1536");
}

}  // namespace
}  // namespace drift::shadow
