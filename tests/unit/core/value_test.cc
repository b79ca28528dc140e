#include "core/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/json_text.h"

namespace drift {
namespace {

std::string Number(double value) {
  std::string out;
  AppendJsonNumber(out, value, true);
  return out;
}

TEST(JsonNumber, IsWhatEcmaScriptPrints) {
  EXPECT_EQ(Number(0.0), "0");
  EXPECT_EQ(Number(-0.0), "0");
  EXPECT_EQ(Number(1.0), "1");
  EXPECT_EQ(Number(100000.0), "100000");
  EXPECT_EQ(Number(123456789012345680000.0), "123456789012345680000");
  EXPECT_EQ(Number(1e21), "1e+21");
  EXPECT_EQ(Number(1.5e300), "1.5e+300");
  EXPECT_EQ(Number(0.000001), "0.000001");
  EXPECT_EQ(Number(0.0000001), "1e-7");
  EXPECT_EQ(Number(-1234.5678), "-1234.5678");
  EXPECT_EQ(Number(5e-324), "5e-324");
  EXPECT_EQ(Number(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
  EXPECT_EQ(Number(-std::numeric_limits<double>::infinity()), "\"-Infinity\"");
}

TEST(Value, TextForms) {
  const auto text = [](const Value& value) {
    std::string out;
    AppendText(out, value);
    return out;
  };
  EXPECT_EQ(text(Value()), "");
  EXPECT_EQ(text(std::string("a\"b")), "a\"b");
  EXPECT_EQ(text(0.1F), "0.1");
  EXPECT_EQ(text(std::nan("")), "NaN");
  EXPECT_EQ(text(Decimal{"-0.25"}), "-0.25");
  EXPECT_EQ(text(Json{"[1,2]"}), "[1,2]");
  EXPECT_EQ(text(Date{-1}), "1969-12-31");
  EXPECT_EQ(text(Timestamp{-1, true}), "1969-12-31T23:59:59.999999Z");
}

TEST(Payload, IsAJsonObjectInOrder) {
  EXPECT_EQ(PayloadJson({}), "{}");
  EXPECT_EQ(PayloadJson({{"b", int64_t{1}}, {"a\"", Value()}, {"j", Json{"{\"x\":1}"}}}),
            R"({"b":1,"a\"":null,"j":{"x":1}})");
}

TEST(JsonString, ReplacesWhatIsNotUtf8) {
  std::string out;
  AppendJsonString(out, "a\xff\xc3(\xed\xa0\x80z");
  EXPECT_EQ(out, "\"a\uFFFD\uFFFD(\uFFFD\uFFFD\uFFFDz\"");
}

}  // namespace
}  // namespace drift
