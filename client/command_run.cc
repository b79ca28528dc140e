#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <ostream>

#include "client/commands.h"
#include "client/follow.h"
#include "client/format.h"
#include "client/paging.h"
#include "client/progress.h"
#include "client/run_table.h"
#include "client/selector.h"
#include "drift/v1/pipeline.grpc.pb.h"
#include "drift/v1/run.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::PipelineService;
using drift::v1::Run;
using drift::v1::RunService;

// Between two looks; Ctrl-C ends it.
class Pause {
 public:
  explicit Pause(Interrupts& interrupts) : interrupts_(interrupts) {
    interrupts_.Listen([this](int) {
      const std::lock_guard lock(mu_);
      interrupted_ = true;
      changed_.notify_all();
    });
  }
  ~Pause() { interrupts_.Ignore(); }

  // False: interrupted.
  bool For(std::chrono::milliseconds wait) {
    std::unique_lock lock(mu_);
    return !changed_.wait_for(lock, wait, [this] { return interrupted_; });
  }

 private:
  Interrupts& interrupts_;
  std::mutex mu_;
  std::condition_variable changed_;
  bool interrupted_ = false;
};

grpc::Status Start(Session& session, const drift::v1::RunSelector& selector, Run::Mode mode,
                   drift::v1::StartRunResponse& response) {
  drift::v1::StartRunRequest request;
  request.set_request_id(NewRequestId());
  request.set_mode(mode);
  *request.mutable_selector() = selector;
  return session.Call<RunService>(&RunService::StubInterface::Start, request, &response);
}

// Later catch-ups of a pipeline: those that others start, and those that nobody does.
class LaterRuns {
 public:
  LaterRuns(Session& session, const Run& first, std::chrono::milliseconds every)
      : session_(session), pipeline_(first.pipeline()), last_run_(first.id()), every_(every) {}

  // Until Ctrl-C (then OK), or until following makes no sense any more.
  int Follow() {
    session_.Note(fmt::format("following {}; Ctrl-C ends that, not the pipeline", pipeline_));
    for (;;) {
      {
        Pause pause(session_.host().interrupts);
        if (!pause.For(every_)) return kExitDone;
      }
      Run next;
      const grpc::Status status = Next(next);
      if (!status.ok()) {
        // The daemon may come back; anything else is for a person.
        if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return session_.Fail(status);
        if (!away_) session_.Fail(status);
        away_ = true;
        continue;
      }
      away_ = false;
      if (next.id().empty() || next.id() == last_run_) continue;
      last_run_ = next.id();
      if (FollowRun(session_, next, OnInterrupt::kLeave) == kExitInterrupted) return kExitDone;
    }
  }

 private:
  grpc::Status Next(Run& next) {
    drift::v1::StatusRequest request;
    request.set_pipeline(pipeline_);
    request.set_refresh(true);
    request.set_runs(1);
    drift::v1::StatusResponse response;
    const grpc::Status status =
        session_.Call<PipelineService>(&PipelineService::StubInterface::Status, request, &response);
    if (!status.ok()) return status;
    if (response.pipelines().empty()) return {};
    const drift::v1::Status& now = response.pipelines(0);
    if (!now.recent_runs().empty() && now.recent_runs(0).id() != last_run_) {
      next = now.recent_runs(0);
      return {};
    }
    SayState(now);
    if (now.state() != drift::v1::Status::IDLE || now.lag_versions() <= 0) return {};
    drift::v1::RunSelector selector;
    selector.set_pipeline(pipeline_);
    drift::v1::StartRunResponse started;
    const grpc::Status start = Start(session_, selector, Run::WATCH, started);
    next = started.run();
    return start;
  }

  // A pause is said once, and when it is over.
  void SayState(const drift::v1::Status& now) {
    if (now.state() == said_) return;
    if (now.state() == drift::v1::Status::PAUSED) {
      session_.Note(
          fmt::format("{}: paused: {}", pipeline_, Sentences(now.message(), now.remedy())));
    } else if (said_ == drift::v1::Status::PAUSED) {
      session_.Note(fmt::format("{}: no longer paused", pipeline_));
    }
    said_ = now.state();
  }

  Session& session_;
  const std::string pipeline_;
  std::string last_run_;
  const std::chrono::milliseconds every_;
  bool away_ = false;
  drift::v1::Status::State said_ = drift::v1::Status::STATE_UNSPECIFIED;
};

}  // namespace

int RunStart(Session& session, const RunOptions& options) {
  if (NamesNothing(options.selector)) return session.Fail(kExitUsage, kNameSomething);
  const drift::v1::RunSelector selector =
      MakeSelector(options.selector, session.host().working_directory);
  drift::v1::StartRunResponse response;
  const grpc::Status status =
      Start(session, selector, options.watch ? Run::WATCH : Run::EMBED, response);
  if (!status.ok()) return session.Fail(status);
  for (const std::string& warning : response.warnings()) session.Note("warning: " + warning);
  const Run& run = response.run();
  if (options.detach) {
    if (!session.PrintedFor(run)) session.host().out << run.id() << '\n';
    return kExitDone;
  }
  const bool named = !selector.pipeline().empty();
  const int code = FollowRun(session, run, OnInterrupt::kCancel,
                             named ? SayPipeline::kMayBe : SayPipeline::kSurely);
  const bool worked = code == kExitDone || code == kExitDeadLetters;
  return options.follow && worked ? LaterRuns(session, run, options.every).Follow() : code;
}

int RunList(Session& session, const RunListOptions& options) {
  drift::v1::ListRunsRequest request;
  request.set_pipeline(options.pipeline);
  drift::v1::ListRunsResponse all;
  const grpc::Status status = ListAll<RunService>(session, &RunService::StubInterface::List,
                                                  request, all, all.mutable_runs(), options.limit);
  if (!status.ok()) return session.Fail(status);
  if (session.PrintedFor(all)) return kExitDone;
  if (all.runs().empty()) {
    session.Note("no runs yet");
    return kExitDone;
  }
  PrintRuns(session, all.runs(), options.pipeline.empty());
  return kExitDone;
}

int RunGet(Session& session, const std::string& id) {
  drift::v1::GetRunRequest request;
  request.set_id(id);
  Run run;
  const grpc::Status status =
      session.Call<RunService>(&RunService::StubInterface::Get, request, &run);
  if (!status.ok()) return session.Fail(status);
  if (!session.PrintedFor(run)) PrintRun(session, run);
  return kExitDone;
}

int RunCancel(Session& session, const std::string& id) {
  drift::v1::CancelRunRequest request;
  request.set_id(id);
  Run run;
  const grpc::Status status =
      session.Call<RunService>(&RunService::StubInterface::Cancel, request, &run);
  if (!status.ok()) return session.Fail(status);
  if (session.PrintedFor(run)) return kExitDone;
  const bool ended = run.has_end_time();
  session.host().out << fmt::format(
      "run {} {}\n", run.id(),
      !ended ? "is being cancelled" : "had ended: " + Run::State_Name(run.state()));
  return kExitDone;
}

}  // namespace drift::client
