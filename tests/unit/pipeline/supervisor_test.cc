// Pipelines and runs as the daemon keeps them, over fakes.
#include "pipeline/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/reasons.h"
#include "tests/unit/pipeline/world.h"

namespace drift {
namespace {

using ::testing::HasSubstr;
using testing::World;

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() {
    world_.table.Insert({{std::string("a"), std::string("one"), std::string("en")}});
    world_.ledger.on_call = [this](std::string_view method) {
      const bool writes = method == "UpdateRun" || method == "SavePipeline" || method == "Commit";
      return full_ && writes ? WithReason(ResourceExhausted("the disk is full"), reason::kDiskFull)
                             : OkStatus();
    };
    EXPECT_TRUE(supervisor_.Apply(world_.spec, /*dry_run=*/false).ok());
  }
  ~SupervisorTest() override {
    supervisor_.Stop(/*hard=*/true);
    supervisor_.AwaitIdle(std::chrono::hours(1));
  }
  // A run to its end; returns its id.
  std::string Embed() {
    const auto started = supervisor_.Start({.pipeline = world_.spec.name}, RunMode::kEmbed, "", {});
    EXPECT_TRUE(started.ok()) << started.status();
    EXPECT_TRUE(supervisor_.AwaitIdle(std::chrono::hours(1)));
    return started->run.id;
  }
  RunState InLedger(const std::string& run) { return world_.ledger.GetRun(run)->state; }
  std::string PauseInLedger() { return world_.ledger.LoadPipelines()->front().pause.reason; }
  void TickUntil(const std::function<bool()>& done) {
    while (!done()) {
      supervisor_.Tick();
      std::this_thread::yield();
    }
  }

  std::atomic<bool> full_{false};
  World world_;
  Supervisor supervisor_{world_.services};
};

TEST_F(SupervisorTest, AnEndThatTheLedgerCouldNotTakeIsNotedLater) {
  full_ = true;
  const std::string run = Embed();
  EXPECT_EQ(InLedger(run), RunState::kQueued);
  EXPECT_EQ(PauseInLedger(), "");
  // Who asks is told how it is, whatever the ledger says.
  EXPECT_EQ(supervisor_.GetRun(run)->state, RunState::kFailed);
  EXPECT_THAT(supervisor_.GetRun(run)->error, HasSubstr("the disk is full"));
  const auto listed = supervisor_.ListRuns({});
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_EQ(listed->front().state, RunState::kFailed);
  EXPECT_EQ(supervisor_.Get(world_.spec.name)->pause.reason, reason::kDiskFull);
  supervisor_.Tick();
  EXPECT_EQ(InLedger(run), RunState::kQueued);

  full_ = false;
  TickUntil([&] { return InLedger(run) == RunState::kFailed && !PauseInLedger().empty(); });
  EXPECT_EQ(world_.ledger.GetRun(run)->error_reason, reason::kDiskFull);
  EXPECT_EQ(PauseInLedger(), reason::kDiskFull);
  EXPECT_EQ(supervisor_.GetRun(run)->state, RunState::kFailed);
}

TEST_F(SupervisorTest, AnEndThatIsOverIsNotNotedAfterwards) {
  full_ = true;
  const std::string failed = Embed();
  full_ = false;
  const std::string good = Embed();
  EXPECT_EQ(InLedger(good), RunState::kSucceeded);
  TickUntil([&] { return InLedger(failed) == RunState::kFailed; });
  EXPECT_EQ(PauseInLedger(), "") << "the run that succeeded has ended the pause";
}

}  // namespace
}  // namespace drift
