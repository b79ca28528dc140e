#include "net/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace drift {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

JsonDocument Parse(std::string_view text) {
  auto document = JsonDocument::Parse(text);
  EXPECT_TRUE(document.ok()) << document.status();
  return std::move(document).value();
}

std::string ParseError(std::string_view text) {
  const auto document = JsonDocument::Parse(text);
  EXPECT_FALSE(document.ok());
  EXPECT_EQ(document.status().code(), StatusCode::kInvalidArgument);
  return std::string(Message(document.status()));
}

TEST(JsonTest, ReadsTypedMembers) {
  const auto document = Parse(R"({"s":"a\u00e9\n","i":-7,"f":1.5,"b":true,"a":[1,2],"o":{}})");
  const JsonView root = document.root();
  EXPECT_EQ(root.GetString("s").value(), "a\xC3\xA9\n");
  EXPECT_EQ(root.GetInt("i").value(), -7);
  EXPECT_EQ(root.GetNumber("f").value(), 1.5);
  EXPECT_EQ(root.GetNumber("i").value(), -7.0);
  EXPECT_TRUE(root.GetBool("b").value());
  EXPECT_EQ(root.Get("a")->size(), 2u);
  EXPECT_EQ((*root.Get("a"))[1].Int().value(), 2);
  EXPECT_TRUE(root.Get("o")->is_object());
  EXPECT_THAT(root.Names(), ElementsAre("a", "b", "f", "i", "o", "s"));
}

TEST(JsonTest, IntegersAreExactOrRefused) {
  const auto document = Parse(
      R"([9223372036854775807,-9223372036854775808,12.0,1e3,9223372036854775808,1.5,1e300,"7"])");
  const JsonView root = document.root();
  EXPECT_EQ(root[0].Int().value(), INT64_MAX);
  EXPECT_EQ(root[1].Int().value(), INT64_MIN);
  EXPECT_EQ(root[2].Int().value(), 12);
  EXPECT_EQ(root[3].Int().value(), 1000);
  for (size_t i = 4; i < root.size(); ++i) EXPECT_FALSE(root[i].Int().ok()) << i;
}

TEST(JsonTest, ErrorsNameThePlaceAndNeverTheValue) {
  const auto document = Parse(R"({"data":[{"index":0},{"index":"sk-secret"}],"n":null})");
  const JsonView data = document.root().Get("data").value();
  EXPECT_EQ(Message(data[1].GetInt("index").status()),
            "data[1].index: expected an integer, found a string");
  EXPECT_EQ(Message(data[0].GetString("embedding").status()), "data[0].embedding: missing");
  EXPECT_EQ(Message(document.root().GetString("n").status()), "n: missing");
  EXPECT_EQ(Message(data.GetInt("x").status()), "data: expected an object, found an array");
  EXPECT_EQ(Message(document.root().CheckArray()),
            "the document: expected an array, found an object");
}

TEST(JsonTest, FindIsForgiving) {
  const auto document = Parse(R"({"error":"text","null":null})");
  EXPECT_TRUE(document.root().Find("error").has_value());
  EXPECT_FALSE(document.root().Find("null").has_value());
  EXPECT_FALSE(document.root().Find("absent").has_value());
  EXPECT_FALSE(document.root().Find("error")->Find("message").has_value());
  EXPECT_EQ(document.root().FindString("error"), "text");
  EXPECT_EQ(document.root().FindString("null"), "");
}

TEST(JsonTest, FloatsAreOnlyNumbers) {
  const auto document = Parse(R"({"v":[1,-2.5,1e300],"w":[1,"x"],"n":[null]})");
  const auto floats = document.root().Get("v")->Floats().value();
  EXPECT_THAT(std::vector<float>(floats.begin(), floats.begin() + 2), ElementsAre(1.0f, -2.5f));
  EXPECT_TRUE(std::isinf(floats[2]));
  EXPECT_EQ(Message(document.root().Get("w")->Floats().status()),
            "w[1]: expected a number, found a string");
  EXPECT_EQ(Message(document.root().Get("n")->Floats().status()),
            "n[0]: expected a number, found null");
}

TEST(JsonTest, MalformedTextIsRefusedWithItsPlace) {
  EXPECT_EQ(ParseError(""), "not JSON: unexpected text at byte 1 of 0");
  EXPECT_EQ(ParseError(R"({"a":1)"), "not JSON: unexpected text at byte 7 of 6");
  EXPECT_THAT(ParseError(R"({"a":1} {"b":2})"), HasSubstr("not JSON"));
  EXPECT_THAT(ParseError(R"({"a":NaN})"), HasSubstr("not JSON"));
  EXPECT_THAT(ParseError("\"\xff\""), HasSubstr("not JSON"));
  EXPECT_EQ(ParseError("[1e999]"), "not JSON: a number is out of range");
  EXPECT_THAT(ParseError(R"({"key":"sk-secret)"), ::testing::Not(HasSubstr("secret")));
}

TEST(JsonTest, DeepNestingIsRefused) {
  EXPECT_EQ(ParseError(std::string(100'000, '[')),
            "not JSON: nested deeper than 200 levels at byte 200 of 100000");
  const std::string deepest = std::string(200, '[') + std::string(200, ']');
  EXPECT_EQ(Parse(deepest).root().Dump(), deepest);
  // Brackets inside strings are no nesting.
  Parse("\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\"");
}

TEST(JsonTest, ViewsSurviveAMoveOfTheDocument) {
  auto document = Parse(R"({"a":{"b":"text"}})");
  const std::string_view text = document.root().Get("a")->GetString("b").value();
  const JsonDocument moved = std::move(document);
  EXPECT_EQ(text, "text");
  EXPECT_EQ(moved.root().Get("a")->GetString("b")->data(), text.data());
}

}  // namespace
}  // namespace drift
