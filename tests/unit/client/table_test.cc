#include "client/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace drift::client {
namespace {

Table Sample() {
  Table table({{.name = "PIPELINE", .least = 8, .cut = Cut::kMiddle},
               {.name = "STATE"},
               {.name = "ROWS", .align = Align::kRight, .spare = 1},
               {.name = "COST", .align = Align::kRight}});
  table.Add({{"support_articles-7c1f09be"}, {"IDLE"}, {"2,435"}, {"$0.00"}});
  table.Add({{"tickets"}, {"PAUSED", Tone::kBad}, {"88,120"}, {"$1.82"}});
  return table;
}

std::string Printed(const Table& table, size_t width, bool color = false) {
  std::ostringstream out;
  table.Print(out, width, color);
  return out.str();
}

TEST(Table, AlignsColumns) {
  EXPECT_EQ(Printed(Sample(), 0),
            "PIPELINE                   STATE     ROWS   COST\n"
            "support_articles-7c1f09be  IDLE     2,435  $0.00\n"
            "tickets                    PAUSED  88,120  $1.82\n");
}

TEST(Table, CutsBeforeItLeavesOut) {
  EXPECT_EQ(Printed(Sample(), 36),
            "PIPELINE       STATE     ROWS   COST\n"
            "suppor…1f09be  IDLE     2,435  $0.00\n"
            "tickets        PAUSED  88,120  $1.82\n");
  EXPECT_EQ(Printed(Sample(), 24),
            "PIPELINE  STATE    COST\n"
            "supp…9be  IDLE    $0.00\n"
            "tickets   PAUSED  $1.82\n");
}

TEST(Table, NoLineIsWiderThanTheTerminal) {
  for (size_t width = 8; width < 60; ++width) {
    std::istringstream lines(Printed(Sample(), width));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(DisplayWidth(line), width) << line;
    }
  }
}

TEST(Table, ColoursOnlyWhenAsked) {
  EXPECT_EQ(Printed(Sample(), 0).find('\x1b'), std::string::npos);
  EXPECT_NE(Printed(Sample(), 0, true).find("\x1b[31mPAUSED\x1b[0m  88,120"), std::string::npos);
}

TEST(Table, WithoutNamesThereIsNoLineForThem) {
  Table table({{.name = ""}, {.name = ""}});
  table.Add({{"a"}, {"b"}});
  EXPECT_EQ(Printed(table, 0), "a  b\n");
}

TEST(Table, CellsCannotSteerTheTerminal) {
  Table table({{.name = "K"}});
  table.Add({{"a\n\x1b[2Jb"}});
  EXPECT_EQ(Printed(table, 0), "K\na \xEF\xBF\xBD[2Jb\n");
}

}  // namespace
}  // namespace drift::client
