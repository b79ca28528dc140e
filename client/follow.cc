#include "client/follow.h"

#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <ostream>
#include <thread>

#include "client/format.h"
#include "client/progress.h"
#include "client/text_width.h"
#include "drift/v1/pipeline.grpc.pb.h"
#include "drift/v1/run.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::PipelineService;
using drift::v1::Run;
using drift::v1::RunProgress;
using drift::v1::RunService;
using Clock = std::chrono::system_clock;

constexpr auto kAwayPatience = std::chrono::seconds(30);
constexpr auto kBetweenTries = std::chrono::milliseconds(500);

bool IsFinal(Run::State state) {
  return state == Run::SUCCEEDED || state == Run::FAILED || state == Run::CANCELLED;
}

class Follower {
 public:
  Follower(Session& session, const Run& run, OnInterrupt on_interrupt, SayPipeline say_pipeline)
      : session_(session),
        on_interrupt_(on_interrupt),
        say_pipeline_(say_pipeline),
        run_(run),
        display_(session) {
    if (session.options().timeout) deadline_ = Clock::now() + *session.options().timeout;
  }

  int Follow() {
    session_.host().interrupts.Listen([this](int presses) { Interrupted(presses); });
    const grpc::Status status = FollowUntilEnd();
    session_.host().interrupts.Ignore();
    display_.Clear();
    if (say_pipeline_ == SayPipeline::kSurely) display_.Name(run_.pipeline());
    if (status.ok()) return FinishRun(session_, run_);
    if (left_) return kExitInterrupted;
    return FailedToFollow(status);
  }

 private:
  grpc::Status FollowUntilEnd() {
    auto away_since = Clock::now();
    for (;;) {
      bool heard = false;
      grpc::Status status = FollowOnce(heard);
      if (status.ok() && IsFinal(run_.state())) return status;
      if (status.ok()) status = {grpc::StatusCode::UNAVAILABLE, "the stream ended before the run"};
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE || left_) return status;
      if (heard) {
        away_since = Clock::now();
        display_.Clear();
        session_.Note("lost the daemon; trying again");
      }
      if (Clock::now() - away_since > kAwayPatience) return status;
      if (deadline_ && Clock::now() > *deadline_) return status;
      std::this_thread::sleep_for(kBetweenTries);
    }
  }

  grpc::Status FollowOnce(bool& heard) {
    if (const grpc::Status status = session_.Connect(); !status.ok()) return status;
    grpc::ClientContext context;
    if (deadline_) context.set_deadline(*deadline_);
    {
      const std::lock_guard lock(mu_);
      if (left_) return grpc::Status::CANCELLED;
      context_ = &context;
    }
    drift::v1::FollowRunRequest request;
    request.set_id(run_.id());
    const auto stub = RunService::NewStub(session_.channel());
    const auto reader = stub->Follow(&context, request);
    RunProgress progress;
    while (reader->Read(&progress)) {
      heard = true;
      run_ = progress.run();
      if (!IsFinal(run_.state())) display_.Show(progress);
    }
    const grpc::Status status = reader->Finish();
    const std::lock_guard lock(mu_);
    context_ = nullptr;
    return Session::Known(status, context);
  }

  // On the thread of the signals.
  void Interrupted(int presses) {
    const std::lock_guard lock(mu_);
    if (presses > 1 || on_interrupt_ == OnInterrupt::kLeave) {
      left_ = true;
      if (context_ != nullptr) context_->TryCancel();
      return;
    }
    session_.Note(
        "\ncancelling: the batch in hand is finished first, what was written stays. "
        "Ctrl-C again to leave");
    // Not on this thread: the daemon may take its time, and a second press is to be heard.
    cancelling_ = std::jthread([this] {
      drift::v1::CancelRunRequest request;
      request.set_id(run_id_);
      Run answer;
      const grpc::Status status =
          session_.Call<RunService>(&RunService::StubInterface::Cancel, request, &answer);
      if (!status.ok()) session_.Fail(status);
    });
  }

  int FailedToFollow(const grpc::Status& status) {
    const std::string go_on = fmt::format("driftctl run get {}", run_id_);
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
        (deadline_ && Clock::now() > *deadline_)) {
      return session_.Fail(kExitFailed,
                           fmt::format("the run has not ended in time; it goes on: {}", go_on));
    }
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      const int code = session_.Fail(kExitUnreachable,
                                     fmt::format("lost the daemon at {} ({}). The run is taken up "
                                                 "again when it is back: {}",
                                                 session_.server(), HumanMessage(status), go_on));
      return code;
    }
    return session_.Fail(status);
  }

  Session& session_;
  const OnInterrupt on_interrupt_;
  const SayPipeline say_pipeline_;
  Run run_;
  const std::string run_id_ = run_.id();
  ProgressDisplay display_;
  std::optional<Clock::time_point> deadline_;
  std::atomic<bool> left_{false};

  std::mutex mu_;
  grpc::ClientContext* context_ = nullptr;  // of the stream being read; guarded by mu_
  std::jthread cancelling_;                 // guarded by mu_; ends before the rest goes
};

}  // namespace

namespace {

// What a person can do about a run that failed: the pipeline says it, if it paused for that.
std::string RemedyOf(Session& session, const Run& run) {
  drift::v1::StatusRequest request;
  request.set_pipeline(run.pipeline());
  drift::v1::StatusResponse response;
  const grpc::Status status =
      session.Call<PipelineService>(&PipelineService::StubInterface::Status, request, &response);
  if (!status.ok() || response.pipelines().size() != 1) return "";
  const drift::v1::Status& now = response.pipelines(0);
  const bool for_this = now.state() == drift::v1::Status::PAUSED && now.message() == run.error();
  return for_this ? now.remedy() : "";
}

}  // namespace

int FollowRun(Session& session, const Run& run, OnInterrupt on_interrupt,
              SayPipeline say_pipeline) {
  if (IsFinal(run.state())) return FinishRun(session, run);
  return Follower(session, run, on_interrupt, say_pipeline).Follow();
}

int FinishRun(Session& session, const Run& run) {
  const bool printed = session.PrintedFor(run);
  if (run.state() == Run::FAILED) {
    const std::string what = Sentences(run.error(), RemedyOf(session, run));
    return session.Fail(kExitFailed, fmt::format("run {}: {}", run.id(), Printable(what)));
  }
  if (run.state() == Run::CANCELLED) {
    return session.Fail(kExitFailed, fmt::format("run {} was cancelled after {}; what was written "
                                                 "stays, the next run goes on from there",
                                                 run.id(), Count(run.rows_read(), "row")));
  }
  if (!printed) session.host().out << DoneLine(run) << '\n';
  if (run.dead_letters() == 0) return kExitDone;
  session.Note(
      fmt::format("{} could not be embedded; see: driftctl dead-letters list --pipeline {}",
                  Count(run.dead_letters(), "row"), run.pipeline()));
  return kExitDeadLetters;
}

}  // namespace drift::client
