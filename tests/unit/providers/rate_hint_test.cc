#include "providers/rate_hint.h"

#include <gtest/gtest.h>

#include "base/time_text.h"

namespace drift {
namespace {

using std::chrono::milliseconds;

const WallTime kHintNow = ParseTime("2026-11-20T00:00:00Z").value();
constexpr int64_t kNowSeconds = 1'795'132'800;

RateHint Read(std::initializer_list<std::pair<const char*, const char*>> headers) {
  HttpHeaders all;
  for (const auto& [name, value] : headers) all.Add(name, value);
  return ReadRateHint(all, kHintNow);
}

TEST(RateHintTest, NothingSaidIsNothing) {
  EXPECT_TRUE(Read({}).empty());
  EXPECT_TRUE(Read({{"content-type", "application/json"}}).empty());
  EXPECT_FALSE(Read({{"x-ratelimit-limit-tokens", "0"}}).empty());
}

TEST(RateHintTest, RequestsAndTokens) {
  const RateHint hint = Read({{"x-ratelimit-limit-requests", "3000"},
                              {"X-RateLimit-Remaining-Requests", "2999"},
                              {"x-ratelimit-reset-requests", "20ms"},
                              {"x-ratelimit-limit-tokens", "1000000"},
                              {"x-ratelimit-remaining-tokens", "976163"},
                              {"x-ratelimit-reset-tokens", "1m1.5s"}});
  EXPECT_EQ(hint.requests, (QuotaWindow{3000, 2999, milliseconds(20)}));
  EXPECT_EQ(hint.tokens, (QuotaWindow{1'000'000, 976'163, milliseconds(61'500)}));
  EXPECT_EQ(hint.items, QuotaWindow());
}

TEST(RateHintTest, TheNarrowerOfTwoTokenWindowsCounts) {
  const RateHint project = Read({{"x-ratelimit-limit-tokens", "1000"},
                                 {"x-ratelimit-remaining-tokens", "900"},
                                 {"x-ratelimit-reset-tokens", "6s"},
                                 {"x-ratelimit-limit-project-tokens", "500"},
                                 {"x-ratelimit-remaining-project-tokens", "10"},
                                 {"x-ratelimit-reset-project-tokens", "58s"}});
  EXPECT_EQ(project.tokens, (QuotaWindow{500, 10, milliseconds(58'000)}));
  const RateHint organisation = Read({{"x-ratelimit-remaining-tokens", "3"},
                                      {"x-ratelimit-reset-tokens", "6s"},
                                      {"x-ratelimit-limit-project-tokens", "500"},
                                      {"x-ratelimit-remaining-project-tokens", "10"},
                                      {"x-ratelimit-reset-project-tokens", "58s"}});
  EXPECT_EQ(organisation.tokens, (QuotaWindow{500, 3, milliseconds(6'000)}));
  EXPECT_EQ(Read({{"x-ratelimit-remaining-project-tokens", "10"}}).tokens.remaining, 10);
  EXPECT_EQ(Read({{"x-ratelimit-reset-tokens", "2s"}}).tokens.reset, milliseconds(2000));
}

TEST(RateHintTest, WithoutAUnitRequestsAreMeant) {
  const RateHint hint = Read({{"x-ratelimit-limit", "2000"},
                              {"x-ratelimit-remaining", "0"},
                              {"x-ratelimit-reset", "1795132830"}});
  EXPECT_EQ(hint.requests, (QuotaWindow{2000, 0, milliseconds(30'000)}));
}

TEST(RateHintTest, FormsOfAReset) {
  ASSERT_EQ(kHintNow.time_since_epoch(), std::chrono::seconds(kNowSeconds));
  EXPECT_EQ(ParseReset("12ms", kHintNow), milliseconds(12));
  EXPECT_EQ(ParseReset("7", kHintNow), milliseconds(7000));
  EXPECT_EQ(ParseReset("0", kHintNow), milliseconds(0));
  EXPECT_EQ(ParseReset("0.25", kHintNow), milliseconds(250));
  EXPECT_EQ(ParseReset("1795132801", kHintNow), milliseconds(1000));
  EXPECT_EQ(ParseReset("1795132801500", kHintNow), milliseconds(1500));
  EXPECT_EQ(ParseReset("1700000000", kHintNow), milliseconds(0));
  EXPECT_EQ(ParseReset("9999999999", kHintNow), milliseconds(24 * 3'600'000));
  for (const char* text : {"", "soon", "-1", "nan", "inf"}) {
    EXPECT_EQ(ParseReset(text, kHintNow), std::nullopt) << text;
  }
}

TEST(RateHintTest, WhatIsNoNumberIsNotSaid) {
  for (const char* value : {"", "many", "-1", "12 requests", "1e300", "nan"}) {
    EXPECT_TRUE(Read({{"x-ratelimit-limit-requests", value}}).empty()) << value;
  }
}

TEST(RateHintTest, TravelsWithAnError) {
  const RateHint hint{.requests = {3000, 0, milliseconds(20)},
                      .tokens = {std::nullopt, 12, std::nullopt},
                      .items = {7, std::nullopt, std::nullopt}};
  const Status error = WithRateHint(Unavailable("away"), hint);
  EXPECT_EQ(RateHintOf(Annotate(error, "embedding")), hint);
  EXPECT_TRUE(RateHintOf(Unavailable("away")).empty());
  EXPECT_TRUE(RateHintOf(WithRateHint(Unavailable("away"), {})).empty());
  EXPECT_TRUE(WithRateHint(OkStatus(), hint).ok());
}

}  // namespace
}  // namespace drift
