// Runs: taken up again after a restart, looked at, cancelled, and what their end means. How they
// come about, pipelines, schedule and questions have files of their own.
#include "pipeline/supervisor.h"

#include "base/allocator.h"
#include "base/log.h"
#include "core/reasons.h"
#include "pipeline/remedy.h"

namespace drift {
namespace {

constexpr int kMaxRunning = 16;        // runs at once in the process
constexpr int64_t kManyRows = 10'000;  // a run that read so many has left memory to give back
// A run that was cut short so often is not begun again by itself: it may be what kills the process.
constexpr int kMaxAttempts = 5;

}  // namespace

Supervisor::Supervisor(const RunServices& services)
    : services_(services), queue_(kMaxRunning, [this](ActiveRun& run) { Execute(run); }) {}

Supervisor::~Supervisor() {
  std::unique_lock lock(mu_);
  polls_done_.wait(lock, [this]() DRIFT_TSA(no_thread_safety_analysis) { return polls_ == 0; });
}

Status Supervisor::Load() {
  ASSIGN_OR_RETURN(const std::vector<PipelineRecord> records, services_.ledger.LoadPipelines());
  {
    MutexLock lock(mu_);
    for (const PipelineRecord& record : records) {
      ScheduleNext(AddEntry(record));
    }
  }
  for (const PipelineRecord& record : records) {
    const PipelineSpec& spec = record.spec;
    ASSIGN_OR_RETURN(const std::vector<Target> targets, services_.ledger.TargetsOf(spec.name));
    for (const Target& target : targets) {
      if (target.key.sink == spec.sink && target.key.model == spec.model) {
        NoteTarget(spec.name, target);
      }
    }
  }
  RunFilter cut_short;
  cut_short.states = {RunState::kQueued, RunState::kRunning};
  cut_short.limit = 10'000;
  ASSIGN_OR_RETURN(std::vector<RunRecord> runs, services_.ledger.ListRuns(cut_short));
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {  // oldest first
    const auto record = Get(run->pipeline);
    if (!record.ok() || run->attempts >= kMaxAttempts || run->mode == RunMode::kReplay) {
      run->state = RunState::kFailed;
      run->error = "the daemon was stopped while the run was going";
      run->ended_at = services_.clock.Now();
      RETURN_IF_ERROR(services_.ledger.UpdateRun(*run));
      continue;
    }
    run->state = RunState::kQueued;
    LogInfo("run goes on after a restart", {{"run", run->id}, {"pipeline", run->pipeline}});
    queue_.Add(std::make_shared<ActiveRun>(*run, record->spec, services_.clock));
  }
  return OkStatus();
}

void Supervisor::Stop(bool hard) {
  stopping_ = true;
  stop_.request_stop();
  queue_.Stop(hard);
}

std::optional<RunRecord> Supervisor::FindLatest(const std::string& id) const {
  if (const auto active = queue_.Find(id)) return active->progress.view().run;
  return FindUnnoted(id);
}

StatusOr<RunRecord> Supervisor::GetRun(const std::string& id) const {
  if (auto latest = FindLatest(id)) return *std::move(latest);
  return services_.ledger.GetRun(id);
}

StatusOr<std::vector<RunRecord>> Supervisor::ListRuns(const RunFilter& filter) const {
  ASSIGN_OR_RETURN(std::vector<RunRecord> runs, services_.ledger.ListRuns(filter));
  for (RunRecord& run : runs) {
    if (auto latest = FindLatest(run.id)) run = *std::move(latest);
  }
  return runs;
}

StatusOr<RunRecord> Supervisor::CancelRun(const std::string& id) {
  const auto active = queue_.Find(id);
  if (!active) return GetRun(id);
  active->cancelled = true;
  if (queue_.RemoveQueued(id)) {
    RunEnd end;
    end.status = Cancelled("cancelled before it began");
    end.run = active->progress.view().run;
    end.run.state = RunState::kCancelled;
    end.run.ended_at = services_.clock.Now();
    RETURN_IF_ERROR(services_.ledger.UpdateRun(end.run));
    active->progress.Update([&](RunView& view) { view.run = end.run; });
    return end.run;
  }
  active->soft.request_stop();
  // What waits for a server that is away would not notice.
  if (!active->progress.view().backing_off.empty()) active->hard.request_stop();
  return active->progress.view().run;
}

void Supervisor::Execute(ActiveRun& run) {
  const RunEnd end = ExecuteRun(services_, run);
  RunEnded(end);
  run.progress.Update([&](RunView& view) {
    view.run = end.run;
    view.backing_off.clear();
    view.phase = end.status.ok() ? "done" : "ended";
  });
  // The next run may be hours away.
  if (end.run.counters.rows_read >= kManyRows) ReturnFreeMemory();
  queue_.Reap();
}

void Supervisor::RunEnded(const RunEnd& end) {
  if (end.interrupted) return;
  if (!end.noted) {
    MutexLock lock(mu_);
    unnoted_ends_[end.run.id] = end.run;
  }
  const Duration took =
      end.run.started_at && end.run.ended_at ? *end.run.ended_at - *end.run.started_at : Duration{};
  services_.metrics.RunEnded(end.run.pipeline, end.run.mode, end.run.state, took);
  const Status& status = end.status;
  if (Pauses(status)) {
    services_.metrics.CountError("pipeline", CodeName(status.code()));
    const auto record = Get(end.run.pipeline);
    if (!record.ok()) return;
    SetPause(end.run.pipeline, PauseFor(status, record->spec, services_.clock.Now()));
  }
  if (const auto record = Get(end.run.pipeline); record.ok()) {
    const auto target = CurrentTarget(record->spec);
    if (target.ok() && *target) NoteTarget(end.run.pipeline, **target);
  }
  MutexLock lock(mu_);
  const auto found = entries_.find(end.run.pipeline);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (!status.ok())
    entry.lag.reset();
  else
    entry.lag = Lag{entry.version, 0, std::nullopt};  // caught up
  entry.backing_off.reset();
  entry.run_at_next_poll = false;
  if (status.ok()) {
    entry.failures = 0;
    PauseState& pause = entry.record.pause;
    if (!pause.reason.empty() && pause.reason != reason::kPausedByUser) {
      pause = PauseState{};
      const Status saved = services_.ledger.SavePipeline(entry.record);
      entry.unnoted = !saved.ok();
      if (!saved.ok()) LogWarn("a pause that is over was not noted", {{"error", Message(saved)}});
      LogInfo("pipeline goes on", {{"pipeline", end.run.pipeline}});
    }
  } else if (IsRetryable(status)) {
    ++entry.failures;
    entry.run_at_next_poll = true;
    entry.backing_off = Entry::BackOff{std::string(CodeName(status.code())),
                                       std::string(Message(status)), services_.clock.Now()};
  } else if (const auto wait = RetryAfter(status)) {
    entry.resume_at = services_.clock.Now() + *wait;  // a budget's next period
  }
  ScheduleNext(entry);
}

void Supervisor::SetPause(const std::string& name, const PauseState& pause) {
  MutexLock lock(mu_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  PipelineRecord& record = found->second.record;
  if (record.pause.reason == reason::kPausedByUser) return;
  const bool is_new = record.pause.reason != pause.reason;
  record.pause = pause;
  const Status saved = services_.ledger.SavePipeline(record);
  found->second.unnoted = !saved.ok();
  if (!saved.ok())
    LogWarn("a pause was not noted", {{"pipeline", name}, {"error", Message(saved)}});
  if (is_new) {
    LogWarn("pipeline paused", {{"pipeline", name},
                                {"reason", pause.reason},
                                {"message", pause.message},
                                {"remedy", pause.remedy}});
  }
}

}  // namespace drift
