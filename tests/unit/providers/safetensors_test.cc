#include "providers/local/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace drift::local {
namespace {

using ::testing::ElementsAre;

std::string File(std::string_view header, std::string_view data) {
  const uint64_t length = header.size();
  std::string out(reinterpret_cast<const char*>(&length), sizeof(length));
  out += header;
  out += data;
  return out;
}

template <typename T>
std::string Bytes(std::vector<T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

TEST(HalfTest, EveryKindOfNumber) {
  EXPECT_EQ(HalfToFloat(0x0000), 0.0f);
  EXPECT_TRUE(std::signbit(HalfToFloat(0x8000)));
  EXPECT_EQ(HalfToFloat(0x3c00), 1.0f);
  EXPECT_EQ(HalfToFloat(0xc000), -2.0f);
  EXPECT_EQ(HalfToFloat(0x3555), 0x1.554p-2f);
  EXPECT_EQ(HalfToFloat(0x7bff), 65504.0f);
  EXPECT_EQ(HalfToFloat(0x0001), 0x1p-24f);  // the smallest subnormal
  EXPECT_EQ(HalfToFloat(0x03ff), 0x3ffp-24f);
  EXPECT_EQ(HalfToFloat(0x0400), 0x1p-14f);
  EXPECT_TRUE(std::isinf(HalfToFloat(0x7c00)));
  EXPECT_TRUE(std::isnan(HalfToFloat(0x7e00)));
}

TEST(SafetensorsTest, ReadsBothTypes) {
  const auto half =
      ReadMatrix(File(R"({"__metadata__":{"format":"pt"},)"
                      R"("e.weight":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}}  )",
                      Bytes<uint16_t>({0x3c00, 0x4000, 0x4200, 0xbc00, 0, 0x3800})));
  ASSERT_TRUE(half.ok()) << half.status();
  EXPECT_EQ(half->rows, 2u);
  EXPECT_EQ(half->columns, 3u);
  EXPECT_THAT(half->values, ElementsAre(1, 2, 3, -1, 0, 0.5));

  const auto single = ReadMatrix(File(
      R"({"w":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}})", Bytes<float>({9, 1.5, -2})));
  ASSERT_TRUE(single.ok()) << single.status();
  EXPECT_THAT(single->values, ElementsAre(1.5, -2));
}

TEST(SafetensorsTest, DamagedFilesAreRefused) {
  const std::string data = Bytes<float>({1, 2, 3, 4});
  const auto message = [](const std::string& file) {
    const auto matrix = ReadMatrix(file);
    EXPECT_EQ(matrix.status().code(), StatusCode::kDataLoss);
    return std::string(Message(matrix.status()));
  };
  const auto with = [&](std::string_view tensor) {
    return message(File(fmt::format(R"({{"w":{}}})", tensor), data));
  };
  EXPECT_EQ(message(""), "no safetensors matrix: no header");
  EXPECT_EQ(message(std::string(8, '\xff')), "no safetensors matrix: a header beyond its end");
  EXPECT_THAT(message(File("{", data)), ::testing::HasSubstr("not JSON"));
  EXPECT_EQ(message(File("{}", data)), "no safetensors matrix: 0 tensors where one is expected");
  EXPECT_EQ(with(R"({"dtype":"I8","shape":[2,2],"data_offsets":[0,4]})"),
            "no safetensors matrix: numbers of type I8");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]})"),
            "no safetensors matrix: no matrix");
  for (const char* tensor :
       {R"({"dtype":"F32","shape":[2,3],"data_offsets":[0,16]})",
        R"({"dtype":"F32","shape":[2,2],"data_offsets":[4,20]})",
        R"({"dtype":"F32","shape":[2,2],"data_offsets":[16,0]})",
        R"({"dtype":"F32","shape":[0,2],"data_offsets":[0,0]})",
        R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})",
        R"({"dtype":"F32","shape":[2305843009213693952,2],"data_offsets":[0,16]})"}) {
    EXPECT_EQ(with(tensor), "no safetensors matrix: sizes that do not fit the file") << tensor;
  }
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[-2,2],"data_offsets":[0,16]})"),
            "no safetensors matrix: a negative size");
}

}  // namespace
}  // namespace drift::local
