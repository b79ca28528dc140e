// How a run comes about: what it is asked by, what is checked before it is, its place in the queue.
#include "base/ulid.h"
#include "core/reasons.h"
#include "core/sink.h"
#include "pipeline/attach.h"
#include "pipeline/supervisor.h"

namespace drift {

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
  return CheckCompatible(spec.sink, collection, StampOf(TargetKeyOf(spec, model->model())));
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

}  // namespace drift
