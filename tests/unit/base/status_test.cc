#include "base/status.h"

#include <gtest/gtest.h>

namespace drift {
namespace {

using std::chrono::milliseconds;

TEST(Status, NotesRideAlong) {
  Status status =
      WithRemedy(WithReason(OutOfRange("version {} is gone", 3), "HISTORY_GONE"), "do x");
  status = WithRetryAfter(std::move(status), milliseconds(1500));
  const Status annotated = Annotate(status, "reading the feed");
  EXPECT_EQ(annotated.code(), StatusCode::kOutOfRange);
  EXPECT_EQ(Message(annotated), "reading the feed: version 3 is gone");
  EXPECT_EQ(Reason(annotated), "HISTORY_GONE");
  EXPECT_EQ(Remedy(annotated), "do x");
  EXPECT_EQ(RetryAfter(annotated), milliseconds(1500));
}

TEST(Status, OkStaysOk) {
  EXPECT_TRUE(Annotate(OkStatus(), "x").ok());
  EXPECT_TRUE(WithReason(OkStatus(), "X").ok());
  EXPECT_EQ(Reason(OkStatus()), "");
}

TEST(Status, WhatIsTriedAgain) {
  EXPECT_TRUE(IsRetryable(Unavailable("x")));
  EXPECT_TRUE(IsRetryable(DeadlineExceeded("x")));
  EXPECT_TRUE(IsRetryable(Aborted("x")));
  EXPECT_FALSE(IsRetryable(ResourceExhausted("quota")));
  EXPECT_TRUE(IsRetryable(WithRetryAfter(ResourceExhausted("throttled"), milliseconds(1))));
  EXPECT_FALSE(IsRetryable(Unauthenticated("x")));
  EXPECT_FALSE(IsRetryable(OkStatus()));
}

StatusOr<int> Half(int n) {
  if (n % 2 != 0) return InvalidArgument("{} is odd", n);
  return n / 2;
}

StatusOr<int> Quarter(int n) {
  ASSIGN_OR_RETURN(const int half, Half(n));
  return Half(half);
}

TEST(Status, MacrosReturnTheError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Message(Quarter(6).status()), "3 is odd");
  EXPECT_EQ(Message(Quarter(5).status()), "5 is odd");
}

}  // namespace
}  // namespace drift
