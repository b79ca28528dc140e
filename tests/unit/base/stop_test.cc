#include "base/stop.h"

#include <gtest/gtest.h>

#include <thread>

namespace drift {
namespace {

TEST(LinkedStop, FiresWithEitherParentOrByItself) {
  for (int which = 0; which < 3; ++which) {
    std::stop_source one, two;
    LinkedStop linked(one.get_token(), two.get_token());
    EXPECT_FALSE(linked.token().stop_requested());
    if (which == 0) one.request_stop();
    if (which == 1) two.request_stop();
    if (which == 2) linked.Stop();
    EXPECT_TRUE(linked.token().stop_requested());
    EXPECT_EQ(one.stop_requested(), which == 0);
  }
}

TEST(LinkedStop, AParentThatHasFiredFiresItAtOnce) {
  std::stop_source one;
  one.request_stop();
  EXPECT_TRUE(LinkedStop(one.get_token()).token().stop_requested());
}

TEST(Clock, ASleepEndsWhenStopped) {
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(Clock::Real().Sleep(std::chrono::hours(1), stop.get_token()));
}

}  // namespace
}  // namespace drift
