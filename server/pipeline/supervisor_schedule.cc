// When pipelines are due, and the polls that find out whether there is anything to do.
#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "core/reasons.h"
#include "pipeline/attach.h"
#include "pipeline/remedy.h"
#include "pipeline/supervisor.h"

namespace drift {
namespace {

constexpr double kJitter = 0.1;  // of the interval, either way by half
constexpr std::chrono::seconds kFirstBackoff{5};
constexpr std::chrono::seconds kLongestBackoff{600};

}  // namespace

void Supervisor::ScheduleNext(Entry& entry) {
  const PipelineSpec& spec = entry.record.spec;
  if (!spec.every_secs) {
    entry.due.reset();
    return;
  }
  double seconds = *spec.every_secs;
  if (entry.failures > 0) {
    const double backoff = kFirstBackoff.count() * std::pow(2.0, entry.failures - 1);
    seconds = std::min<double>(backoff, kLongestBackoff.count());
  }
  seconds *= 1.0 + kJitter * (services_.rng.Uniform() - 0.5);
  entry.due = services_.clock.Mono() +
              std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

void Supervisor::Tick() {
  if (stopping_) return;
  queue_.Reap();
  std::vector<std::string> due;
  std::vector<std::string> resumed;
  {
    MutexLock lock(mu_);
    const MonoTime now = services_.clock.Mono();
    const WallTime wall = services_.clock.Now();
    for (auto& [name, entry] : entries_) {
      if (entry.resume_at && wall >= *entry.resume_at &&
          entry.record.pause.reason == reason::kBudgetExhausted) {
        resumed.push_back(name);
      }
      if (!entry.due || now < *entry.due || entry.polling) continue;
      if (!entry.record.pause.reason.empty()) continue;
      entry.polling = true;
      ++polls_;
      due.push_back(name);
    }
    if (HasUnnoted() && !noting_) {
      noting_ = true;
      ++polls_;
      services_.workers.Post([this] { NoteLate(); });
    }
  }
  for (const std::string& name : due) {
    services_.workers.Post([this, name] { Poll(name); });
  }
  for (const std::string& name : resumed) {
    const auto record = Resume(name);
    if (!record.ok() || record->spec.every_secs) continue;
    // Nothing polls this one: the run that the budget stopped is begun again here.
    const auto started = Enqueue(record->spec, RunMode::kWatch, "", true, {});
    if (!started.ok()) LogWarn("a run was not begun", {{"error", Message(started.status())}});
  }
}

bool Supervisor::HasUnnoted() const {
  if (!unnoted_ends_.empty()) return true;
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const auto& entry) { return entry.second.unnoted; });
}

std::optional<RunRecord> Supervisor::FindUnnoted(const std::string& run_id) const {
  MutexLock lock(mu_);
  const auto found = unnoted_ends_.find(run_id);
  if (found == unnoted_ends_.end()) return std::nullopt;
  return found->second;
}

void Supervisor::NoteLate() {
  std::map<std::string, RunRecord> ends;
  {
    MutexLock lock(mu_);
    ends = unnoted_ends_;
  }
  bool away = false;
  for (const auto& [id, run] : ends) {
    const Status noted = services_.ledger.UpdateRun(run);
    // Deleted meanwhile, with its pipeline or in a ledger from a backup: there is nothing to note.
    const bool is_gone = noted.code() == StatusCode::kNotFound;
    away = !noted.ok() && !is_gone;
    if (away) break;
    if (!is_gone)
      LogInfo("the end of a run is noted now", {{"run", id}, {"pipeline", run.pipeline}});
    MutexLock lock(mu_);
    unnoted_ends_.erase(id);
  }
  MutexLock lock(mu_);
  // As where they are changed: under the lock, so that the ledger gets them in their order.
  for (auto& [name, entry] : entries_) {
    if (away) break;
    if (!entry.unnoted) continue;
    away = !services_.ledger.SavePipeline(entry.record).ok();
    entry.unnoted = away;
  }
  noting_ = false;
  --polls_;
  polls_done_.notify_all();
}

StatusOr<std::optional<Target>> Supervisor::CurrentTarget(const PipelineSpec& spec) const {
  ASSIGN_OR_RETURN(auto model, services_.connectors.OpenModel(spec.model, spec.dimensions));
  return services_.ledger.FindTarget(TargetKeyOf(spec, model->model()));
}

StatusOr<std::shared_ptr<Source>> Supervisor::SourceFor(const std::string& name) {
  PipelineSpec spec;
  {
    MutexLock lock(mu_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return NotFound("no pipeline '{}'", name);
    if (found->second.source) return found->second.source;
    spec = found->second.record.spec;
  }
  ASSIGN_OR_RETURN(const Projection projection, RowRenderer::MakeProjection(spec));
  ASSIGN_OR_RETURN(auto source, services_.connectors.OpenSource(spec, projection));
  MutexLock lock(mu_);
  const auto found = entries_.find(name);
  if (found != entries_.end() && found->second.record.spec == spec) found->second.source = source;
  return source;
}

void Supervisor::NoteTarget(const std::string& name, const Target& target) {
  MutexLock lock(mu_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  found->second.version = target.version;
  found->second.dead_letters = target.dead_letters;
}

// Whether a run has anything to do.
StatusOr<bool> Supervisor::LookForChanges(const PipelineSpec& spec,
                                          std::shared_ptr<Source> source) {
  ASSIGN_OR_RETURN(const std::optional<Target> target, CurrentTarget(spec));
  if (!target || !target->cursor) return true;
  NoteTarget(spec.name, *target);
  ASSIGN_OR_RETURN(const Lag lag, source->Behind(*target->cursor, stop_.get_token()));
  MutexLock lock(mu_);
  const auto found = entries_.find(spec.name);
  if (found == entries_.end()) return false;
  found->second.lag = lag;
  found->second.polled_at = services_.clock.Now();
  return lag.versions > 0 || target->sweep_due || target->index_due ||
         target->config_hash != ContentConfigHash(spec) || found->second.run_at_next_poll;
}

void Supervisor::Poll(const std::string& name) {
  const MonoTime began = services_.clock.Mono();
  StatusOr<bool> changes = false;
  const auto record = Get(name);
  if (record.ok()) {
    auto source = SourceFor(name);
    changes = source.ok() ? LookForChanges(record->spec, *source) : StatusOr<bool>(source.status());
  }
  services_.metrics.Polled(services_.clock.Mono() - began);
  if (changes.ok() && *changes && !stopping_ && !queue_.HasRunsOf(name)) {
    const auto started = Enqueue(record->spec, RunMode::kWatch, "", /*scheduled=*/true, {});
    if (!started.ok()) changes = started.status();
  }
  if (Pauses(changes.status())) {
    SetPause(name, PauseFor(changes.status(), record->spec, services_.clock.Now()));
  }
  MutexLock lock(mu_);
  --polls_;
  polls_done_.notify_all();
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.polling = false;
  if (!changes.ok() && IsRetryable(changes.status())) {
    ++entry.failures;
    if (!entry.backing_off) {
      LogWarn("the table cannot be asked; trying again",
              {{"pipeline", name}, {"error", Message(changes.status())}});
    }
    entry.backing_off =
        Entry::BackOff{std::string(CodeName(changes.status().code())),
                       std::string(Message(changes.status())), services_.clock.Now()};
  } else if (changes.ok() && !entry.run_at_next_poll) {
    entry.failures = 0;
    entry.backing_off.reset();
  }
  ScheduleNext(entry);
}

}  // namespace drift
