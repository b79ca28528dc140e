// What pipelines there are: applying, deleting, pausing, the configuration's own.
#include <set>

#include "base/failpoint.h"
#include "base/log.h"
#include "core/reasons.h"
#include "pipeline/attach.h"
#include "pipeline/supervisor.h"

namespace drift {
namespace {

Status OwnedByConfig(const std::string& name) {
  return FailedPrecondition(
      "{} is declared in the daemon's configuration: change it there, then reload (SIGHUP)", name);
}

Status NoSuchPipeline(const std::string& name) {
  return NotFound("no pipeline '{}'; see driftctl pipeline list", name);
}

}  // namespace

StatusOr<PipelineRecord> Supervisor::Get(const std::string& name) const {
  MutexLock lock(mu_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return NoSuchPipeline(name);
  return found->second.record;
}

Supervisor::Entry& Supervisor::AddEntry(const PipelineRecord& record) {
  Entry& entry = entries_[record.spec.name];
  entry.record = record;
  entry.source.reset();  // it was opened for another table or other columns
  services_.metrics.AddPipeline(record.spec.name);
  return entry;
}

std::vector<PipelineRecord> Supervisor::List() const {
  MutexLock lock(mu_);
  std::vector<PipelineRecord> out;
  for (const auto& [name, entry] : entries_) out.push_back(entry.record);
  return out;
}

Status Supervisor::ApplyConfig(const std::vector<PipelineSpec>& specs) {
  std::set<std::string> declared;
  for (PipelineSpec spec : specs) {
    std::vector<std::string> warnings;
    RETURN_IF_ERROR(services_.connectors.Normalize(spec, warnings));
    for (const std::string& warning : warnings) LogWarn(warning, {{"pipeline", spec.name}});
    declared.insert(spec.name);
    PipelineRecord record;
    record.created_at = services_.clock.Now();
    bool is_new = true;
    if (const auto known = Get(spec.name); known.ok()) {
      record = *known;
      is_new = false;
    }
    const bool changed = record.spec != spec || record.origin != PipelineOrigin::kConfig;
    if (!is_new && !changed) continue;
    record.spec = spec;
    record.origin = PipelineOrigin::kConfig;
    // A new declaration may be the remedy; if not, the next run pauses it again.
    if (record.pause.reason != reason::kPausedByUser) record.pause = PauseState{};
    RETURN_IF_ERROR(services_.ledger.SavePipeline(record));
    LogInfo(is_new ? "pipeline declared" : "pipeline changed", {{"pipeline", spec.name}});
    MutexLock lock(mu_);
    Entry& entry = AddEntry(record);
    entry.due.reset();
    if (spec.every_secs) entry.due = services_.clock.Mono();
  }
  // What is no longer declared is no longer scheduled; its state and its index stay.
  for (PipelineRecord record : List()) {
    if (record.origin != PipelineOrigin::kConfig || declared.contains(record.spec.name)) continue;
    record.origin = PipelineOrigin::kApi;
    record.spec.every_secs.reset();
    RETURN_IF_ERROR(services_.ledger.SavePipeline(record));
    LogInfo("pipeline is no longer declared", {{"pipeline", record.spec.name}});
    MutexLock lock(mu_);
    ScheduleNext(AddEntry(record));
  }
  return OkStatus();
}

StatusOr<Supervisor::Applied> Supervisor::Apply(PipelineSpec spec, bool dry_run) {
  MutexLock one_at_a_time(start_mu_);
  Applied out;
  spec.shadow = false;
  RETURN_IF_ERROR(services_.connectors.Normalize(spec, out.warnings));
  const auto known = Get(spec.name);
  if (known.ok() && known->origin == PipelineOrigin::kConfig) return OwnedByConfig(spec.name);
  out.created = !known.ok();
  if (known.ok()) {
    out.record = *known;
    out.difference = DescribeDifference(known->spec, spec);
    if (out.difference.empty() && known->spec != spec) out.difference = "settings";
    if (!DescribeDifference(known->spec, spec).empty()) {
      out.warnings.push_back(fmt::format(
          "every row is looked at again: driftctl plan --pipeline {0}, then driftctl run embed "
          "--pipeline {0}",
          spec.name));
    }
  } else {
    out.record.created_at = services_.clock.Now();
  }
  ASSIGN_OR_RETURN(auto model, services_.connectors.OpenModel(spec.model, spec.dimensions));
  RETURN_IF_ERROR(CheckModelKept(services_.ledger, spec, model->model().dimensions));
  out.record.spec = spec;
  out.record.origin = PipelineOrigin::kApi;
  if (dry_run) return out;
  RETURN_IF_ERROR(services_.ledger.SavePipeline(out.record));
  MutexLock lock(mu_);
  Entry& entry = AddEntry(out.record);
  entry.due.reset();
  if (spec.every_secs) entry.due = services_.clock.Mono();
  return out;
}

StatusOr<Supervisor::Deleted> Supervisor::Delete(const std::string& name, bool drop_index,
                                                 std::stop_token stop) {
  MutexLock one_at_a_time(start_mu_);
  ASSIGN_OR_RETURN(PipelineRecord record, Get(name));
  if (record.origin == PipelineOrigin::kConfig) return OwnedByConfig(name);
  while (queue_.HasRunsOf(name)) {
    if (const auto running = queue_.RunningOf(name)) {
      running->cancelled = true;
      running->soft.request_stop();
      running->hard.request_stop();
    }
    for (const RunMode mode : {RunMode::kEmbed, RunMode::kWatch, RunMode::kReplay}) {
      if (const auto queued = queue_.FindQueued(name, mode)) {
        RETURN_IF_ERROR(CancelRun(queued->id).status());
      }
    }
    constexpr std::chrono::milliseconds kLook{20};
    if (!services_.clock.Sleep(kLook, stop)) return Cancelled("stopped");
  }
  Deleted out;
  if (drop_index) {
    ASSIGN_OR_RETURN(const std::vector<Target> targets, services_.ledger.TargetsOf(name));
    for (const Target& target : targets) {
      ASSIGN_OR_RETURN(auto sink, services_.connectors.OpenSink(target.key.sink));
      const Status dropped = sink->Drop(name, stop);
      if (!dropped.ok() && dropped.code() != StatusCode::kNotFound) return dropped;
      Failpoint("index-dropped");
      out.points += target.points;
      RETURN_IF_ERROR(services_.ledger.ClearTarget(target.id));
      Failpoint("target-cleared");
    }
    out.index_dropped = true;
  }
  record.deleted = true;
  RETURN_IF_ERROR(services_.ledger.SavePipeline(record));
  LogInfo("pipeline deleted", {{"pipeline", name}, {"index_dropped", drop_index}});
  services_.metrics.RemovePipeline(name);
  MutexLock lock(mu_);
  entries_.erase(name);
  return out;
}

StatusOr<PipelineRecord> Supervisor::Pause(const std::string& name) {
  MutexLock lock(mu_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return NoSuchPipeline(name);
  PipelineRecord record = found->second.record;
  if (record.pause.reason == reason::kPausedByUser) return record;
  record.pause = {std::string(reason::kPausedByUser), "paused by a person",
                  fmt::format("Resume it with: driftctl pipeline resume {}", name),
                  services_.clock.Now()};
  RETURN_IF_ERROR(services_.ledger.SavePipeline(record));
  found->second.record = record;
  LogInfo("pipeline paused", {{"pipeline", name}, {"reason", record.pause.reason}});
  return record;
}

StatusOr<PipelineRecord> Supervisor::Resume(const std::string& name) {
  MutexLock lock(mu_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return NoSuchPipeline(name);
  Entry& entry = found->second;
  PipelineRecord record = entry.record;
  if (record.pause.reason.empty()) return record;
  // A run that failed is tried again at once; one that was merely held back waits for its poll.
  const bool failed = record.pause.reason != reason::kPausedByUser;
  record.pause = PauseState{};
  RETURN_IF_ERROR(services_.ledger.SavePipeline(record));
  entry.record = record;
  entry.failures = 0;
  entry.resume_at.reset();
  entry.run_at_next_poll = failed;
  if (record.spec.every_secs) entry.due = services_.clock.Mono();
  LogInfo("pipeline goes on", {{"pipeline", name}});
  return record;
}

}  // namespace drift
