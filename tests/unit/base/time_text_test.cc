#include "base/time_text.h"

#include <gtest/gtest.h>

namespace drift {
namespace {

TEST(TimeText, RoundTrips) {
  for (const char* text : {"2026-11-20T09:14:03.000000Z", "1969-12-31T23:59:59.999999Z",
                           "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"}) {
    const auto time = ParseTime(text);
    ASSERT_TRUE(time.ok()) << text;
    EXPECT_EQ(FormatTime(*time), text);
  }
}

TEST(TimeText, ReadsShorterFormsAndOffsets) {
  EXPECT_EQ(FormatTime(*ParseTime("2026-11-20")), "2026-11-20T00:00:00.000000Z");
  EXPECT_EQ(FormatTime(*ParseTime("2026-11-20T09:14:03+02:00")), "2026-11-20T07:14:03.000000Z");
  EXPECT_EQ(FormatTime(*ParseTime("2026-11-20t09:14:03.5z")), "2026-11-20T09:14:03.500000Z");
}

TEST(TimeText, Mistakes) {
  for (const char* text :
       {"", "2026", "2026-13-01", "2026-02-30", "2026-11-20T9:14:03Z", "2026-11-20T09:14:03",
        "2026-11-20T25:00:00Z", "2026-11-20T09:14:03.Z"}) {
    EXPECT_FALSE(ParseTime(text).ok()) << text;
  }
  EXPECT_EQ(Message(ParseTime("soon").status()),
            "'soon' is not a time; use 2026-11-20 or 2026-11-20T09:14:03Z");
}

}  // namespace
}  // namespace drift
