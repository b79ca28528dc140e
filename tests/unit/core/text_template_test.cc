#include "core/text_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drift {
namespace {

using ::testing::ElementsAre;

std::string Render(std::string_view text, std::vector<Value> values) {
  const auto parsed = TextTemplate::Parse(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  std::vector<const Value*> cells;
  for (const Value& value : values) cells.push_back(&value);
  return parsed->Render(cells);
}

TEST(TextTemplate, ColumnsOnceInOrderOfUse) {
  EXPECT_THAT(TextTemplate::Parse("{b}{a}{b}")->columns(), ElementsAre("b", "a"));
  EXPECT_EQ(Render("{b}{a}{b}", {std::string("1"), std::string("2")}), "121");
}

TEST(TextTemplate, BracesEscape) {
  EXPECT_EQ(Render("{{{a}}} {{x}}", {std::string("v")}), "{v} {x}");
}

TEST(TextTemplate, NothingIsTrimmed) {
  EXPECT_EQ(Render(" {a} ", {std::string(" x ")}), "  x  ");
}

TEST(TextTemplate, MistakesNameTheirPlace) {
  const auto message = [](std::string_view text) {
    return std::string(Message(TextTemplate::Parse(text).status()));
  };
  EXPECT_EQ(message("ab {title"), "'{' at 4 is not closed");
  EXPECT_EQ(message("ab {a{b}"), "'{' at 4 is not closed");
  EXPECT_EQ(message("ab } {x}"), "'}' at 4 has no '{'; write '}}' for a brace");
  EXPECT_EQ(message("{}"), "'{}' at 1 names no column");
  EXPECT_EQ(message("plain"), "names no column; write {column}");
}

TEST(IsBlank, KnowsUnicodeSpaces) {
  EXPECT_TRUE(IsBlank(""));
  EXPECT_TRUE(IsBlank(" \t\r\n\v\f\u00a0\u2003\u3000"));
  EXPECT_FALSE(IsBlank("\u200b"));  // zero width space is no white space
  EXPECT_FALSE(IsBlank(" a "));
}

}  // namespace
}  // namespace drift
