#include "client/format.h"

#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include "client/text_width.h"

namespace drift::client {
namespace {

using google::protobuf::util::TimeUtil;
using namespace std::chrono_literals;  // NOLINT: durations

TEST(Format, Counts) {
  EXPECT_EQ(Count(0), "0");
  EXPECT_EQ(Count(999), "999");
  EXPECT_EQ(Count(1'000), "1,000");
  EXPECT_EQ(Count(12'345'678), "12,345,678");
  EXPECT_EQ(Count(-1'234), "-1,234");
  EXPECT_EQ(Count(1, "row"), "1 row");
  EXPECT_EQ(Count(2'431, "row"), "2,431 rows");
}

TEST(Format, MoneyKeepsWhatMatters) {
  EXPECT_EQ(Money(0), "$0.00");
  EXPECT_EQ(Money(1.82), "$1.82");
  EXPECT_EQ(Money(1234.5), "$1,234.50");
  EXPECT_EQ(Money(0.000312), "$0.000312");
  EXPECT_EQ(Money(0.0000000012), "<$0.000001");
  EXPECT_EQ(Money(-2), "-$2.00");
  EXPECT_EQ(SmallMoney(0), "$0.000000");
  EXPECT_EQ(SmallMoney(0.00000192), "$0.000002");
}

TEST(Format, Durations) {
  EXPECT_EQ(DurationText(0), "0.0 s");
  EXPECT_EQ(DurationText(0.52), "0.5 s");
  EXPECT_EQ(DurationText(9.96), "10 s");
  EXPECT_EQ(DurationText(59.7), "1 min");
  EXPECT_EQ(DurationText(192), "3 min 12 s");
  EXPECT_EQ(DurationText(7500), "2 h 5 min");
  EXPECT_EQ(DurationText(3 * 86400 + 4 * 3600), "3 d 4 h");
  EXPECT_EQ(ShortDuration(12.9), "12 s");
  EXPECT_EQ(ShortDuration(200), "3 min");
  EXPECT_EQ(ShortDuration(7300), "2 h");
  EXPECT_EQ(ShortDuration(400'000), "4 d");
  EXPECT_EQ(ShortDuration(-5), "0 s");
}

TEST(Format, Times) {
  google::protobuf::Timestamp time;
  ASSERT_TRUE(TimeUtil::FromString("2026-11-20T09:14:03.123456Z", &time));
  EXPECT_EQ(TimeText(time), "2026-11-20 09:14:03Z");
}

TEST(Format, Addresses) {
  EXPECT_EQ(ShortTable("/data/support_articles"), "support_articles");
  EXPECT_EQ(ShortTable("s3://lake/docs/"), "docs");
  EXPECT_EQ(ShortTable("./docs"), "./docs");
  EXPECT_EQ(ShortSink("sqlite:///tmp/demo/index.db?collection=articles"),
            "sqlite index.db/articles");
  EXPECT_EQ(ShortSink("qdrant://qdrant:6334/docs?api_key=env:KEY"), "qdrant qdrant:6334/docs");
  EXPECT_EQ(ShortSink("postgresql://me@db:5432/app?table=docs"), "postgresql db:5432/app/docs");
  EXPECT_EQ(ShortSink("odd"), "odd");
}

TEST(Format, Sentences) {
  EXPECT_EQ(Sentences("paused by a person", "Resume it"), "paused by a person. Resume it");
  EXPECT_EQ(Sentences("It broke.", "Mend it"), "It broke. Mend it");
  EXPECT_EQ(Sentences("", "Mend it"), "Mend it");
  EXPECT_EQ(Sentences("It broke", ""), "It broke");
  EXPECT_EQ(Sentences("no key", "put it there"), "no key. Put it there");
  EXPECT_EQ(Sentences("it waits", "driftctl run embed"), "it waits. driftctl run embed");
}

TEST(Format, ParsesDurations) {
  EXPECT_EQ(ParseDuration("250ms"), 250ms);
  EXPECT_EQ(ParseDuration("10s"), 10s);
  EXPECT_EQ(ParseDuration("1.5s"), 1500ms);
  EXPECT_EQ(ParseDuration("1h30m"), 90min);
  EXPECT_EQ(ParseDuration("2d"), 48h);
  for (const char* wrong : {"", "10", "s", "-5s", "10 s", "5x", "1e3s", "nan", "99999999999999d"}) {
    EXPECT_EQ(ParseDuration(wrong), std::nullopt) << wrong;
  }
}

TEST(Format, ParsesTimePoints) {
  EXPECT_EQ(TimeUtil::ToString(*ParseTimePoint("2026-11-20")), "2026-11-20T00:00:00Z");
  EXPECT_EQ(TimeUtil::ToString(*ParseTimePoint("2026-11-20T10:00:00+01:00")),
            "2026-11-20T09:00:00Z");
  const double ago = SecondsBetween(*ParseTimePoint("24h"), Now());
  EXPECT_NEAR(ago, 86400, 60);
  for (const char* wrong : {"", "yesterday", "2026-13-01", "2026-11-20 10:00"}) {
    EXPECT_FALSE(ParseTimePoint(wrong)) << wrong;
  }
}

TEST(Format, PayloadValues) {
  google::protobuf::Value value;
  value.set_string_value("a \"b\"");
  EXPECT_EQ(ValueText(value), "a \"b\"");
  value.set_number_value(7);
  EXPECT_EQ(ValueText(value), "7");
  value.set_bool_value(true);
  EXPECT_EQ(ValueText(value), "true");
  value.set_null_value(google::protobuf::NULL_VALUE);
  EXPECT_EQ(ValueText(value), "");
}

TEST(TextWidth, CountsColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("Müller"), 6u);
  EXPECT_EQ(DisplayWidth("日本語"), 6u);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1u);  // e and a combining accent
  EXPECT_EQ(DisplayWidth("🙂"), 2u);
  EXPECT_EQ(DisplayWidth("\xFF\xFE"), 2u);
}

TEST(TextWidth, FitsAndPads) {
  EXPECT_EQ(Fit("abcdef", 6), "abcdef");
  EXPECT_EQ(Fit("abcdef", 4), "abc…");
  EXPECT_EQ(Fit("support_articles-7c1f09be", 11, Cut::kMiddle), "suppo…f09be");
  EXPECT_EQ(Fit("日本語", 5), "日本…");
  EXPECT_EQ(Fit("日本語", 4), "日…");
  EXPECT_EQ(Fit("abc", 1), "…");
  EXPECT_EQ(Fit("abc", 0), "");
  EXPECT_EQ(PadRight("ü", 3), "ü  ");
  EXPECT_EQ(PadLeft("日", 3), " 日");
}

// What comes from a row or from the daemon does not steer the terminal.
TEST(TextWidth, NothingSteersTheTerminal) {
  EXPECT_EQ(Printable("a\nb\tc\r"), "a b c ");
  EXPECT_EQ(Printable("\x1b[31mred\x07"), "\xEF\xBF\xBD[31mred\xEF\xBF\xBD");
  EXPECT_EQ(Printable("\xC2\x9B"), "\xEF\xBF\xBD");        // CSI of 8-bit terminals
  EXPECT_EQ(Printable("a\xE2\x80\xAE"), "a\xEF\xBF\xBD");  // right-to-left override
  EXPECT_EQ(Printable("\xFF"), "\xEF\xBF\xBD");
}

TEST(TextWidth, Wraps) {
  EXPECT_EQ(Wrap("one two three", 0, 2), "one two three");
  EXPECT_EQ(Wrap("one two three", 40, 2), "one two three");
  EXPECT_EQ(Wrap("one two three four", 10, 2), "one two\n  three\n  four");
  EXPECT_EQ(Wrap("a-word-that-is-too-long x", 10, 2), "a-word-that-is-too-long\n  x");
}

}  // namespace
}  // namespace drift::client
