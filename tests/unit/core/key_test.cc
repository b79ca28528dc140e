#include "core/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace drift {
namespace {

using ::testing::ElementsAre;

std::string Key(std::vector<Value> cells) {
  return CanonicalKey(cells);
}

TEST(CanonicalKey, EveryType) {
  EXPECT_EQ(Key({std::string("KB-0193")}), R"(["KB-0193"])");
  EXPECT_EQ(Key({int64_t{-7}, std::string("eu")}), R"([-7,"eu"])");
  EXPECT_EQ(Key({true, false}), "[true,false]");
  EXPECT_EQ(Key({Decimal{"12.5"}}), R"(["12.5"])");
  EXPECT_EQ(Key({Date{20412}}), R"(["2025-11-20"])");
  EXPECT_EQ(Key({Timestamp{1'000'001, true}}), R"(["1970-01-01T00:00:01.000001Z"])");
  EXPECT_EQ(Key({Timestamp{0, false}}), R"(["1970-01-01T00:00:00.000000"])");
  EXPECT_EQ(Key({Binary{std::string("\x00\xff", 2)}}), R"(["AP8="])");
  EXPECT_EQ(Key({0.1F, 1.0, 1e21, 1e-7, -0.5}), "[0.1,1,1e+21,1e-7,-0.5]");
  EXPECT_EQ(Key({std::string("a\"\\\n\x01é")}), "[\"a\\\"\\\\\\n\\u0001é\"]");
}

TEST(CanonicalKey, NeverCollides) {
  const std::vector<std::vector<Value>> rows = {{std::string("1"), std::string("23")},
                                                {std::string("12"), std::string("3")},
                                                {std::string("1,23"), std::string("")},
                                                {std::string("1\",\"23")},
                                                {int64_t{1}, int64_t{23}},
                                                {std::string("1"), int64_t{23}},
                                                {std::string("[1]")},
                                                {int64_t{1}},
                                                {std::string("1")},
                                                {std::string("true")},
                                                {true},
                                                {Value()},
                                                {std::string("null")},
                                                {std::string("")}};
  std::set<std::string> keys;
  for (const auto& row : rows) EXPECT_TRUE(keys.insert(Key(row)).second) << Key(row);
}

TEST(KeyCandidates, AValueMayBeAStringOrWhatItReadsAs) {
  EXPECT_THAT(*KeyCandidates("KB-1"), ElementsAre(R"(["KB-1"])"));
  EXPECT_THAT(*KeyCandidates("7"), ElementsAre(R"(["7"])", "[7]"));
  EXPECT_THAT(*KeyCandidates("-1.50"), ElementsAre(R"(["-1.50"])", "[-1.5]"));
  EXPECT_THAT(*KeyCandidates("true"), ElementsAre(R"(["true"])", "[true]"));
  EXPECT_THAT(*KeyCandidates("007"), ElementsAre(R"(["007"])"));
  EXPECT_THAT(*KeyCandidates("1-2"), ElementsAre(R"(["1-2"])"));
}

TEST(KeyCandidates, JsonIsReadAndWrittenCanonically) {
  EXPECT_THAT(*KeyCandidates(R"([ "a b" , 7,true ])"), ElementsAre(R"(["a b",7,true])"));
  EXPECT_THAT(*KeyCandidates(R"(["\u00e9\n\ud83d\ude00"])"), ElementsAre("[\"é\\n😀\"]"));
  EXPECT_THAT(*KeyCandidates("[18446744073709551615]"), ElementsAre("[18446744073709551615]"));
}

TEST(KeyCandidates, BrokenJsonIsRefused) {
  for (const char* text : {"[", "[]", "[1", "[1,]", "[\"a]", "[1] x", "[{}]", "[01]", "[\"\\q\"]",
                           "[\"\\ud800\"]", "[nul]", "[\"\xff\"]"}) {
    const auto keys = KeyCandidates(text);
    EXPECT_EQ(keys.status().code(), StatusCode::kInvalidArgument) << text;
  }
  EXPECT_EQ(Message(KeyCandidates("[1").status()),
            "key [1: not a JSON array of strings, numbers and booleans");
}

// Computed with Python: uuid.uuid5(uuid.UUID("6f1d3c1e-2f0a-5b0e-9c57-d41f7a3b8e21"),
// 'docs\x1f["KB-0193"]\x1f0').
TEST(PointId, IsWhatOthersCompute) {
  EXPECT_EQ(PointId("docs", R"(["KB-0193"])", 0).ToString(),
            "053f7935-01d6-5a1c-9d9e-67ad4510edc5");
  EXPECT_EQ(PointId("docs", R"(["KB-0193"])", 12).ToString(),
            "7e736a09-5732-5e22-9354-757c22b7a300");
}

}  // namespace
}  // namespace drift
