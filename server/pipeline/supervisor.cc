// Runs: starting, queueing, what their end means. Pipelines, schedule and questions have files of
// their own.
#include "pipeline/supervisor.h"

#include "base/allocator.h"
#include "base/log.h"
#include "base/ulid.h"
#include "core/reasons.h"
#include "pipeline/attach.h"
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

StatusOr<StartedRun> Supervisor::Start(const RunSelector& selector, RunMode mode,
                                       const std::string& request_id, std::stop_token stop) {
  if (stopping_) return Unavailable("the daemon is stopping");
  if (mode != RunMode::kEmbed && mode != RunMode::kWatch) {
    return InvalidArgument("a run is started as EMBED or WATCH");
  }
  MutexLock one_at_a_time(start_mu_);
  ASSIGN_OR_RETURN(Resolved resolved, Resolve(selector, mode, stop));
  if (resolved.is_new || resolved.changed) {
    PipelineRecord record;
    if (!resolved.is_new) {
      ASSIGN_OR_RETURN(record, Get(resolved.spec.name));
    } else {
      record.origin = PipelineOrigin::kFlags;
      record.created_at = services_.clock.Now();
    }
    record.spec = resolved.spec;
    RETURN_IF_ERROR(services_.ledger.SavePipeline(record));
    MutexLock lock(mu_);
    AddEntry(record);
  }
  if (selector.flags && selector.flags->since_version) NoteSinceVersion(mode, resolved);
  ASSIGN_OR_RETURN(StartedRun started, Enqueue(resolved.spec, mode, request_id, false, {}));
  started.warnings = std::move(resolved.warnings);
  return started;
}

StatusOr<Supervisor::Resolved> Supervisor::Resolve(const RunSelector& selector, RunMode mode,
                                                   std::stop_token stop) {
  Resolved out;
  if (!selector.flags) {
    ASSIGN_OR_RETURN(const PipelineRecord known, Get(selector.pipeline));
    out.spec = known.spec;
    if (known.pause.reason == reason::kPausedByUser) {
      return FailedPrecondition("{} is paused; resume it with: driftctl pipeline resume {}",
                                out.spec.name, out.spec.name);
    }
    return out;
  }
  std::optional<PipelineSpec> known;
  PipelineSpec given;
  if (!selector.pipeline.empty()) {
    ASSIGN_OR_RETURN(const PipelineRecord record, Get(selector.pipeline));
    known = record.spec;
    given = WithFlags(*known, *selector.flags);
    RETURN_IF_ERROR(services_.connectors.Normalize(given, out.warnings));
  } else {
    ASSIGN_OR_RETURN(given, SpecFromFlags(*selector.flags));
    RETURN_IF_ERROR(services_.connectors.Normalize(given, out.warnings));
    given.name = DerivedPipelineName(given);
    if (const auto record = Get(given.name); record.ok()) known = record->spec;
  }
  if (!known) {
    RETURN_IF_ERROR(CheckTable(given, /*probe_sink=*/true, stop));
    out.spec = std::move(given);
    out.is_new = true;
    return out;
  }
  const std::string differing = DifferingFlags(*known, *selector.flags, given);
  if (!differing.empty() && (mode == RunMode::kWatch || !selector.pipeline.empty())) {
    return InvalidArgument(
        "{}: other flags than the pipeline was made with: {}; leave them out, or {}", known->name,
        differing,
        selector.pipeline.empty() ? "embed with them: driftctl run embed"
                                  : "change the pipeline: driftctl pipeline apply -f FILE");
  }
  out.spec = WithFlags(*known, *selector.flags);
  RETURN_IF_ERROR(services_.connectors.Normalize(out.spec, out.warnings));
  out.changed = out.spec != *known;
  if (!differing.empty()) RETURN_IF_ERROR(CheckTable(out.spec, /*probe_sink=*/false, stop));
  return out;
}

void Supervisor::NoteSinceVersion(RunMode mode, Resolved& resolved) const {
  if (mode == RunMode::kEmbed) {
    resolved.warnings.push_back("since_version is for a first watch; embed reads the whole table");
    return;
  }
  const auto target = CurrentTarget(resolved.spec);
  if (!target.ok() || !*target || !(*target)->cursor) return;
  resolved.warnings.push_back(
      fmt::format("since_version is ignored: the index is at version {}, and the run goes on there",
                  (*target)->version));
}

Status Supervisor::CheckTable(PipelineSpec& spec, bool probe_sink, std::stop_token stop) {
  // Without columns any table opens; then its own columns say what is there.
  ASSIGN_OR_RETURN(auto source, services_.connectors.OpenSource(spec, Projection{}));
  ASSIGN_OR_RETURN(const SourceInfo table, source->Check(stop));
  RETURN_IF_ERROR(ResolveColumns(spec, table.columns));
  ASSIGN_OR_RETURN(auto model, services_.connectors.OpenModel(spec.model, spec.dimensions));
  RETURN_IF_ERROR(CheckModelKept(services_.ledger, spec, model->model().dimensions));
  if (!probe_sink) return OkStatus();
  RETURN_IF_ERROR(model->Ready());
  if (spec.since_version && *spec.since_version > table.version) {
    return InvalidArgument("since_version: there is no version {}; the latest is {}",
                           *spec.since_version, table.version);
  }
  ASSIGN_OR_RETURN(auto sink, services_.connectors.OpenSink(spec.sink));
  ASSIGN_OR_RETURN(const CollectionInfo collection, sink->Describe(stop));
  const ModelInfo& info = model->model();
  CollectionStamp wanted;
  wanted.model = spec.model;
  wanted.fingerprint = info.fingerprint;
  wanted.dimensions = info.dimensions;
  return CheckCompatible(spec.sink, collection, wanted);
}

StatusOr<StartedRun> Supervisor::Enqueue(const PipelineSpec& spec, RunMode mode,
                                         const std::string& request_id, bool scheduled,
                                         std::vector<DeadLetter> letters) {
  if (mode != RunMode::kReplay) {
    if (const auto queued = queue_.FindQueued(spec.name, mode)) {
      return StartedRun{queued->progress.view().run, true, {}};
    }
  }
  RunRecord record;
  record.id = MakeUlid(services_.clock.Now(), services_.rng);
  record.request_id = request_id;
  record.pipeline = spec.name;
  record.mode = mode;
  record.source = spec.table;
  record.sink = spec.sink;
  record.model = spec.model;
  record.scheduled = scheduled;
  record.queued_at = services_.clock.Now();
  ASSIGN_OR_RETURN(const RunRecord created, services_.ledger.CreateRun(record));
  if (created.id != record.id) return StartedRun{created, true, {}};
  auto run = std::make_shared<ActiveRun>(created, spec, services_.clock);
  run->letters = std::move(letters);
  queue_.Add(std::move(run));
  return StartedRun{created, false, {}};
}

StatusOr<RunRecord> Supervisor::Replay(const DeadLetterFilter& filter,
                                       const std::string& request_id) {
  DeadLetterFilter all = filter;
  all.limit = 100'000;
  ASSIGN_OR_RETURN(std::vector<DeadLetter> letters, services_.ledger.ListDeadLetters(all));
  if (letters.empty()) return NotFound("no dead letter matches");
  const std::string pipeline = letters.front().pipeline;
  for (const DeadLetter& letter : letters) {
    if (letter.pipeline == pipeline) continue;
    return InvalidArgument("the letters are of several pipelines ({}, {}); name one", pipeline,
                           letter.pipeline);
  }
  ASSIGN_OR_RETURN(const PipelineRecord record, Get(pipeline));
  ASSIGN_OR_RETURN(const StartedRun started,
                   Enqueue(record.spec, RunMode::kReplay, request_id, false, std::move(letters)));
  return started.run;
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
