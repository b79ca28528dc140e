#include "providers/retry_after.h"

#include <gtest/gtest.h>

#include "base/time_text.h"

namespace drift {
namespace {

using std::chrono::milliseconds;

const WallTime kNow = ParseTime("2026-10-21T07:28:00Z").value();

HttpHeaders Headers(std::vector<std::pair<std::string, std::string>> all) {
  HttpHeaders out;
  for (auto& [name, value] : all) out.Add(name, value);
  return out;
}

std::optional<milliseconds> Wait(std::vector<std::pair<std::string, std::string>> headers,
                                 std::string_view message = "",
                                 std::optional<milliseconds> in_body = std::nullopt) {
  return FindRetryAfter(Headers(std::move(headers)), in_body, message, kNow);
}

TEST(DurationTest, AsServersWriteThem) {
  EXPECT_EQ(ParseDuration("2.812s"), milliseconds(2812));
  EXPECT_EQ(ParseDuration("12ms"), milliseconds(12));
  EXPECT_EQ(ParseDuration("6m0s"), milliseconds(360'000));
  EXPECT_EQ(ParseDuration("1h"), milliseconds(3'600'000));
  EXPECT_EQ(ParseDuration("1m30.5s. Visit"), milliseconds(90'500));
  EXPECT_EQ(ParseDuration("0.0004s"), milliseconds(1));
  EXPECT_EQ(ParseDuration("5000h"), milliseconds(3'600'000));
  for (const char* text : {"", "s", "soon", "0s", "-3s", "12", "nans", "1e3s"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(HttpDateTest, OnlyTheFixedForm) {
  EXPECT_EQ(ParseHttpDate("Wed, 21 Oct 2026 07:28:00 GMT"), kNow);
  for (const char* text : {"", "Wed, 21 Oct 2026 07:28:00", "Wed, 32 Oct 2026 07:28:00 GMT",
                           "Wed, 21 Okt 2026 07:28:00 GMT", "Wed, 21 Oct 2026 24:28:00 GMT",
                           "Wed, 21 ctN 2026 07:28:00 GMT", "Wednesday, 21-Oct-26 07:28:00 GMT"}) {
    EXPECT_EQ(ParseHttpDate(text), std::nullopt) << text;
  }
}

TEST(RetryAfterTest, HeadersInTheirOrder) {
  EXPECT_EQ(Wait({}), std::nullopt);
  EXPECT_EQ(Wait({{"Retry-After", "7"}}), milliseconds(7000));
  EXPECT_EQ(Wait({{"Retry-After", "0.25"}}), milliseconds(250));
  EXPECT_EQ(Wait({{"Retry-After", "Wed, 21 Oct 2026 07:28:30 GMT"}}), milliseconds(30'000));
  EXPECT_EQ(Wait({{"Retry-After-Ms", "1500"}, {"Retry-After", "7"}}), milliseconds(1500));
  // What is over, or makes no sense, is passed by.
  EXPECT_EQ(Wait({{"Retry-After", "Wed, 21 Oct 2026 07:27:00 GMT"}}), std::nullopt);
  EXPECT_EQ(Wait({{"Retry-After", "0"}}), std::nullopt);
  EXPECT_EQ(Wait({{"Retry-After-Ms", "soon"}, {"Retry-After", "7"}}), milliseconds(7000));
  EXPECT_EQ(Wait({{"Retry-After", "1e99"}}), std::nullopt);
  EXPECT_EQ(Wait({{"Retry-After", "999999999"}}), milliseconds(3'600'000));
}

TEST(RetryAfterTest, TheMessageWhenNoHeaderSaysSo) {
  constexpr std::string_view kMessage =
      "Rate limit reached for text-embedding-3-small in organization org-1 on tokens per min "
      "(TPM): "
      "Limit 1000000, Used 976163, Requested 70716. Please try again in 2.812s. Visit https://x";
  EXPECT_EQ(Wait({}, kMessage), milliseconds(2812));
  EXPECT_EQ(Wait({{"Retry-After", "1"}}, kMessage), milliseconds(1000));
  EXPECT_EQ(Wait({}, "Please try again later"), std::nullopt);
  EXPECT_EQ(Wait({}, "Please retry after 6 seconds."), milliseconds(6000));
  EXPECT_EQ(Wait({}, "Please retry in 17.5s."), milliseconds(17'500));
  EXPECT_EQ(Wait({}, "retry after 6 attempts"), std::nullopt);
}

TEST(RetryAfterTest, AFieldOfTheBodyGoesBeforeTheMessage) {
  EXPECT_EQ(Wait({}, "try again in 2s", milliseconds(9)), milliseconds(9));
  EXPECT_EQ(Wait({{"Retry-After", "1"}}, "", milliseconds(9)), milliseconds(1000));
  EXPECT_EQ(Wait({}, "", milliseconds(99'999'999)), milliseconds(3'600'000));
}

TEST(RetryAfterTest, ATimeAtWhichAllIsThereAgain) {
  const auto at = std::chrono::duration_cast<std::chrono::seconds>(kNow.time_since_epoch()).count();
  EXPECT_EQ(Wait({{"x-ratelimit-reset", std::to_string(at + 12)}}), milliseconds(12'000));
  EXPECT_EQ(Wait({{"X-RateLimit-Reset", std::to_string(at - 12)}}), std::nullopt);
}

TEST(RetryAfterTest, RateLimitsThatAreUsedUp) {
  EXPECT_EQ(Wait({{"x-ratelimit-remaining-requests", "0"},
                  {"x-ratelimit-reset-requests", "1s"},
                  {"x-ratelimit-remaining-tokens", "0"},
                  {"x-ratelimit-reset-tokens", "6m0s"}}),
            milliseconds(360'000));
  EXPECT_EQ(Wait({{"x-ratelimit-remaining-requests", "12"}, {"x-ratelimit-reset-requests", "1s"}}),
            std::nullopt);
  EXPECT_EQ(Wait({{"x-ratelimit-remaining-project-tokens", "0"},
                  {"x-ratelimit-reset-project-tokens", "80ms"}}),
            milliseconds(80));
}

}  // namespace
}  // namespace drift
