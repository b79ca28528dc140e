#include <google/protobuf/util/message_differencer.h>
#include <google/protobuf/util/time_util.h>

#include <atomic>
#include <thread>

#include "client/progress.h"
#include "client/text_width.h"
#include "tests/unit/client/client_test_base.h"

namespace drift::client {
namespace {

using google::protobuf::util::MessageDifferencer;
using google::protobuf::util::TimeUtil;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;  // NOLINT: durations

const char kEmbedded[] = R"(
  id: "01JRUN" pipeline: "support_articles-7c1f09be" mode: EMBED state: SUCCEEDED
  from_version: -1 to_version: 0 rows_read: 2431 rows_inserted: 2431
  texts_embedded: 2419 texts_reused: 12 points_written: 2431
  start_time { seconds: 100 } end_time { seconds: 100 nanos: 500000000 })";

const char kWatched[] = R"(
  id: "01JRUN" pipeline: "docs" mode: WATCH state: SUCCEEDED from_version: 0 to_version: 3
  rows_read: 46 rows_updated: 40 rows_deleted: 1 rows_inserted: 5
  texts_embedded: 38 texts_reused: 7 points_written: 45 points_deleted: 1
  start_time { seconds: 100 } end_time { seconds: 100 nanos: 400000000 })";

class RunTest : public ClientTest {
 protected:
  RunTest() {
    daemon_.runs.Start_.Set(Parse<v1::StartRunResponse>(
        "run { id: \"01JRUN\" pipeline: \"docs\" mode: EMBED state: QUEUED }"));
  }

  // The run goes half way and then ends like this.
  void EndsAs(const std::string& run) {
    daemon_.runs.Follow_ = [run](const v1::FollowRunRequest& request, grpc::ServerContext&,
                                 grpc::ServerWriter<v1::RunProgress>& writer) {
      auto progress = drift::client::Parse<v1::RunProgress>(R"(
        run { id: "01JRUN" pipeline: "docs" state: RUNNING }
        phase: "embedding snapshot at version 0"
        rows_done: 1896 rows_expected: 2431 rows_per_second: 6200)");
      writer.Write(progress);
      *progress.mutable_run() = drift::client::Parse<v1::Run>(run);
      progress.mutable_run()->set_id(request.id());
      writer.Write(progress);
      return grpc::Status();
    };
  }
};

TEST_F(RunTest, SaysWhatWasDone) {
  EndsAs(kEmbedded);
  const Outcome outcome = Run({"run", "embed", "--pipeline", "docs"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            "done in 0.5 s: 2,431 rows, 2,419 texts embedded, 12 reused, 2,431 points written, 0 "
            "dead letters.  run 01JRUN  cost $0.00\n");
  // Progress is drawn on terminals only.
  EXPECT_EQ(outcome.err, "docs  embedding snapshot at version 0\n");
}

// What comes before the work is over in no time: whether it is seen must not depend on chance.
TEST_F(RunTest, PhasesBeforeTheWorkAreNotSaid) {
  daemon_.runs.Follow_ = [](const v1::FollowRunRequest&, grpc::ServerContext&,
                            grpc::ServerWriter<v1::RunProgress>& writer) {
    v1::RunProgress progress;
    *progress.mutable_run() =
        drift::client::Parse<v1::Run>("id: \"01JRUN\" pipeline: \"docs\" state: RUNNING");
    progress.set_rows_expected(-1);
    for (const char* phase : {"waiting for its turn", "starting"}) {
      progress.set_phase(phase);
      writer.Write(progress);
    }
    *progress.mutable_run() = drift::client::Parse<v1::Run>(kWatched);
    writer.Write(progress);
    return grpc::Status();
  };
  EXPECT_EQ(Run({"run", "watch", "--pipeline", "docs"}).err, "");
  // But for the name that the daemon made.
  EXPECT_EQ(Run({"run", "embed", "--table", "/t", "--text-col", "a", "--sink", "sqlite:///x"}).err,
            "docs\n");
  EXPECT_EQ(
      Run({"run", "embed", "--table", "/t", "--text-col", "a", "--sink", "sqlite:///x", "-q"}).err,
      "");
}

TEST_F(RunTest, WatchTellsVersions) {
  EndsAs(kWatched);
  EXPECT_EQ(Run({"run", "watch", "--pipeline", "docs"}).out,
            "done in 0.4 s: versions 1–3: 40 updated, 1 deleted, 5 inserted; 38 embedded, 7 "
            "reused.  run 01JRUN  cost $0.00\n");
  EXPECT_EQ(daemon_.runs.Start_.requests().back().mode(), v1::Run::WATCH);
}

TEST(DoneLine, NothingNewAndOneVersion) {
  auto run = Parse<v1::Run>("id: \"R\" mode: WATCH from_version: 3 to_version: 3");
  EXPECT_EQ(DoneLine(run), "done in 0.0 s: nothing new at version 3.  run R  cost $0.00");
  run.set_to_version(4);
  run.set_rows_inserted(1);
  run.set_dead_letters(1);
  run.set_cost_usd(0.000312);
  run.set_tokens_estimated(true);
  EXPECT_EQ(DoneLine(run),
            "done in 0.0 s: version 4: 1 inserted; 0 embedded, 0 reused, 1 dead letter.  run R  "
            "cost $0.000312 (estimated)");
}

TEST_F(RunTest, FlagsBecomeTheRequest) {
  EndsAs(kEmbedded);
  Run({"run",
       "embed",
       "--table",
       "./support_articles/",
       "--text-col",
       "title,body",
       "--key",
       "id",
       "--key",
       "lang",
       "--model",
       "local/wordllama-256",
       "--sink",
       "qdrant://db:6334/x",
       "--payload",
       "a,b",
       "--batch-size",
       "64",
       "--no-dedup",
       "--shadow-mode",
       "--since-version",
       "7"});
  const v1::StartRunRequest request = daemon_.runs.Start_.requests().at(0);
  EXPECT_EQ(request.mode(), v1::Run::EMBED);
  EXPECT_THAT(request.request_id(), testing::StartsWith("driftctl-"));
  const auto expected = Parse<v1::RunSelector>(R"(flags {
    table: "/home/ann/data/support_articles"
    text_columns { columns: "title" columns: "body" }
    key { columns: "id" columns: "lang" }
    model: "local/wordllama-256" sink: "qdrant://db:6334/x"
    payload { columns: "a" columns: "b" }
    batch_size: 64 dedup: false shadow_mode: true since_version: 7 })");
  EXPECT_TRUE(MessageDifferencer::Equals(request.selector(), expected))
      << request.selector().DebugString();
}

TEST_F(RunTest, WhatIsNotSaidIsAbsent) {
  EndsAs(kEmbedded);
  Run({"run", "watch", "--pipeline", "docs"});
  EXPECT_FALSE(daemon_.runs.Start_.requests().at(0).selector().has_flags());
  Run({"run", "watch", "--pipeline", "docs", "--key", "id"});
  const v1::RunFlags flags = daemon_.runs.Start_.requests().at(1).selector().flags();
  EXPECT_TRUE(flags.has_key());
  EXPECT_FALSE(flags.has_table() || flags.has_dedup() || flags.has_payload() ||
               flags.has_batch_size() || flags.has_shadow_mode() || flags.has_since_version());
}

TEST_F(RunTest, TablesAndTemplates) {
  EndsAs(kEmbedded);
  const auto table = [&](const std::string& given) {
    Run({"run", "embed", "--table", given, "--text", "{a}\\n{b}"});
    return daemon_.runs.Start_.requests().back().selector().flags().table();
  };
  EXPECT_EQ(table("s3://lake/docs"), "s3://lake/docs");
  EXPECT_EQ(table("../x/./docs"), "/home/ann/x/docs");
  EXPECT_EQ(table("/data//docs/"), "/data/docs");
  EXPECT_EQ(daemon_.runs.Start_.requests().back().selector().flags().text(), "{a}\n{b}");
}

TEST_F(RunTest, RequestIdsDiffer) {
  EndsAs(kEmbedded);
  Run({"run", "embed", "--pipeline", "docs"});
  Run({"run", "embed", "--pipeline", "docs"});
  const auto requests = daemon_.runs.Start_.requests();
  EXPECT_NE(requests.at(0).request_id(), requests.at(1).request_id());
}

TEST_F(RunTest, DrawsProgressOnATerminal) {
  EndsAs(kEmbedded);
  OnTerminal(100);
  const Outcome outcome = Run({"run", "embed", "--pipeline", "docs"});
  EXPECT_THAT(outcome.err, HasSubstr("  ███████████████████░░░░░  77 %  1,896/2,431 rows   6,200 "
                                     "rows/s   $0.00   ETA 0 s"));
  // It is taken away before the result is printed.
  EXPECT_TRUE(outcome.err.ends_with("\r\x1b[K")) << outcome.err;
  EXPECT_THAT(Run({"--quiet", "run", "embed", "--pipeline", "docs"}).err, testing::IsEmpty());
}

TEST(ProgressLine, FitsTheTerminal) {
  auto progress = Parse<v1::RunProgress>(R"(
    run { cost_usd: 0.25 } rows_done: 1896 rows_expected: 2431 rows_per_second: 6.4
    backing_off: "openai: 429 rate limit reached")");
  for (size_t width = 10; width < 140; ++width) {
    EXPECT_LE(DisplayWidth(ProgressLine(progress, width)), width);
  }
  EXPECT_THAT(ProgressLine(progress, 0), HasSubstr("waiting: openai: 429 rate limit reached"));
  progress.set_rows_expected(-1);
  progress.clear_backing_off();
  EXPECT_EQ(ProgressLine(progress, 0), "  1,896 rows   6 rows/s   $0.25");
  progress.set_texts_answered(640);
  EXPECT_EQ(ProgressLine(progress, 0), "  1,896 rows   6 rows/s   $0.25");
  progress.set_rows_done(0);
  EXPECT_EQ(ProgressLine(progress, 0), "  0 rows   640 texts embedded   6 rows/s   $0.25")
      << "a slow model shows life";
}

TEST_F(RunTest, DeadLettersAreExit4) {
  EndsAs(std::string(kEmbedded) + "dead_letters: 2");
  const Outcome outcome = Run({"run", "embed", "--pipeline", "docs"});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_THAT(outcome.out, HasSubstr("2 dead letters"));
  EXPECT_THAT(outcome.err,
              HasSubstr("2 rows could not be embedded; see: driftctl dead-letters list --pipeline "
                        "support_articles-7c1f09be\n"));
}

TEST_F(RunTest, AFailedRunIsExit1) {
  EndsAs("id: \"01JRUN\" state: FAILED error: \"openai: 401: wrong key; set OPENAI_API_KEY\"");
  const Outcome outcome = Run({"run", "embed", "--pipeline", "docs"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err,
              HasSubstr("error: run 01JRUN: openai: 401: wrong key; set OPENAI_API_KEY\n"));
}

TEST_F(RunTest, AFailureThatPausesSaysWhatToDo) {
  EndsAs("id: \"01JRUN\" pipeline: \"docs\" state: FAILED error: \"the table is gone\"");
  daemon_.pipelines.Status_.Set(Parse<v1::StatusResponse>(R"(pipelines {
    pipeline: "docs" state: PAUSED message: "the table is gone" remedy: "Put it back." })"));
  EXPECT_THAT(Run({"run", "watch", "--pipeline", "docs"}).err,
              HasSubstr("error: run 01JRUN: the table is gone. Put it back.\n"));
  EXPECT_EQ(daemon_.pipelines.Status_.requests().back().pipeline(), "docs");
  // Paused for another reason: that is not the remedy of this run.
  daemon_.pipelines.Status_.Set(Parse<v1::StatusResponse>(R"(pipelines {
    pipeline: "docs" state: PAUSED message: "by a person" remedy: "Resume it." })"));
  EXPECT_THAT(Run({"run", "watch", "--pipeline", "docs"}).err,
              HasSubstr("error: run 01JRUN: the table is gone\n"));
}

TEST_F(RunTest, JsonIsTheRun) {
  EndsAs(kEmbedded);
  const Outcome outcome = Run({"run", "embed", "--pipeline", "docs", "-o", "json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("\"state\": \"SUCCEEDED\""));
  EXPECT_THAT(outcome.out, HasSubstr("\"rows_read\": \"2431\""));
  EndsAs("id: \"01JRUN\" state: FAILED error: \"broken\"");
  const Outcome failed = Run({"run", "embed", "--pipeline", "docs", "-o", "json"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.out, HasSubstr("\"error\": \"broken\""));
}

TEST_F(RunTest, DetachPrintsTheId) {
  const Outcome outcome = Run({"run", "embed", "--pipeline", "docs", "--detach"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "01JRUN\n");
}

TEST_F(RunTest, WarningsGoToStderr) {
  daemon_.runs.Start_.Set(Parse<v1::StartRunResponse>(
      "run { id: \"01JRUN\" } warnings: \"the password in --sink is not stored\""));
  EndsAs(kEmbedded);
  const Outcome outcome = Run({"run", "embed", "--pipeline", "docs"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("warning: the password in --sink is not stored\n"));
}

TEST_F(RunTest, OtherFlagsThanBefore) {
  daemon_.runs.Start_.Fail(grpc::INVALID_ARGUMENT,
                           "docs has another --key than before; leave it out or run embed");
  const Outcome outcome = Run({"run", "watch", "--pipeline", "docs", "--key", "x"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "error: docs has another --key than before; leave it out or run embed\n");
}

TEST_F(RunTest, ARunThatHadEndedIsNotFollowed) {
  daemon_.runs.Start_.Set(
      Parse<v1::StartRunResponse>(std::string("existed: true run {") + kEmbedded + "}"));
  EXPECT_EQ(Run({"run", "embed", "--pipeline", "docs"}).code, 0);
}

// A daemon that goes away in the middle is waited for.
TEST_F(RunTest, FollowsAcrossALostConnection) {
  std::atomic<int> calls{0};
  daemon_.runs.Follow_ = [&](const v1::FollowRunRequest&, grpc::ServerContext&,
                             grpc::ServerWriter<v1::RunProgress>& writer) {
    v1::RunProgress progress;
    *progress.mutable_run() = drift::client::Parse<v1::Run>(
        ++calls == 1 ? "id: \"01JRUN\" pipeline: \"docs\" state: RUNNING" : kEmbedded);
    progress.set_phase("embedding");
    writer.Write(progress);
    return calls == 1 ? grpc::Status(grpc::UNAVAILABLE, "stopping") : grpc::Status();
  };
  const Outcome outcome = Run({"run", "embed", "--pipeline", "docs"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(outcome.err, HasSubstr("lost the daemon; trying again\n"));
}

TEST_F(RunTest, ATimeoutLeavesTheRunAlone) {
  daemon_.runs.Follow_ = [](const v1::FollowRunRequest&, grpc::ServerContext& context,
                            grpc::ServerWriter<v1::RunProgress>&) {
    while (!context.IsCancelled()) std::this_thread::sleep_for(5ms);
    return grpc::Status::CANCELLED;
  };
  const Outcome outcome = Run({"run", "embed", "--pipeline", "docs", "--timeout", "200ms"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "error: the run has not ended in time; it goes on: driftctl run get 01JRUN\n");
  EXPECT_TRUE(daemon_.runs.Cancel_.requests().empty());
}

TEST_F(RunTest, CtrlCCancelsTheRun) {
  std::atomic<bool> cancelled{false};
  daemon_.runs.Cancel_.Set([&](const v1::CancelRunRequest& request, v1::Run& run) {
    run.set_id(request.id());
    cancelled = true;
    return grpc::Status();
  });
  daemon_.runs.Follow_ = [&](const v1::FollowRunRequest&, grpc::ServerContext&,
                             grpc::ServerWriter<v1::RunProgress>& writer) {
    interrupts_.Press();
    while (!cancelled) std::this_thread::sleep_for(1ms);
    v1::RunProgress progress;
    *progress.mutable_run() = drift::client::Parse<v1::Run>(
        "id: \"01JRUN\" pipeline: \"docs\" state: CANCELLED rows_read: 12");
    writer.Write(progress);
    return grpc::Status();
  };
  const Outcome outcome = Run({"run", "embed", "--pipeline", "docs"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(daemon_.runs.Cancel_.requests().at(0).id(), "01JRUN");
  EXPECT_THAT(outcome.err, HasSubstr("cancelling: the batch in hand is finished first"));
  EXPECT_THAT(outcome.err, HasSubstr("error: run 01JRUN was cancelled after 12 rows"));
}

TEST_F(RunTest, ASecondCtrlCLeaves) {
  daemon_.runs.Cancel_.Set(v1::Run());
  daemon_.runs.Follow_ = [&](const v1::FollowRunRequest&, grpc::ServerContext& context,
                             grpc::ServerWriter<v1::RunProgress>&) {
    interrupts_.Press();
    interrupts_.Press();
    while (!context.IsCancelled()) std::this_thread::sleep_for(1ms);
    return grpc::Status::CANCELLED;
  };
  EXPECT_EQ(Run({"run", "embed", "--pipeline", "docs"}).code, 130);
}

TEST_F(RunTest, FollowPrintsLaterCatchUps) {
  EndsAs(kWatched);
  std::atomic<int> looks{0};
  // First nothing new, then a run that the schedule started, then a lag that nobody sees to.
  daemon_.pipelines.Status_.Set(
      [&](const v1::StatusRequest& request, v1::StatusResponse& response) {
        EXPECT_EQ(request.pipeline(), "docs");
        EXPECT_TRUE(request.refresh());
        v1::Status& status = *response.add_pipelines();
        status.set_state(v1::Status::IDLE);
        const int look = ++looks;
        v1::Run& last = *status.add_recent_runs();
        last.set_id(look < 2 ? "01JRUN" : "01JTWO");
        last.set_state(v1::Run::RUNNING);
        status.set_lag_versions(look >= 3 ? 1 : 0);
        return grpc::Status();
      });
  std::atomic<bool> done{false};
  std::thread stop([&] {
    while (daemon_.runs.Start_.requests().size() < 2) std::this_thread::sleep_for(1ms);
    // It listens while it waits, and while it follows a run.
    while (!done) {
      interrupts_.Press();
      std::this_thread::sleep_for(1ms);
    }
  });
  const Outcome outcome =
      Run({"run", "watch", "--pipeline", "docs", "--follow", "--every", "20ms"});
  done = true;
  stop.join();
  EXPECT_THAT(outcome.out, HasSubstr("run 01JRUN"));
  EXPECT_EQ(outcome.code, 0);
  // Leaving is not cancelling.
  EXPECT_TRUE(daemon_.runs.Cancel_.requests().empty());
  EXPECT_THAT(outcome.out, HasSubstr("run 01JTWO"));
  EXPECT_EQ(daemon_.runs.Start_.requests().at(1).mode(), v1::Run::WATCH);
  EXPECT_EQ(daemon_.runs.Start_.requests().at(1).selector().pipeline(), "docs");
}

}  // namespace
}  // namespace drift::client
