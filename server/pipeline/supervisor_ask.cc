// Questions: how pipelines are, what a run would do, what is near a text.
#include <algorithm>

#include "base/hash.h"
#include "base/suggest.h"
#include "core/reasons.h"
#include "pipeline/supervisor.h"

namespace drift {
namespace {

constexpr std::chrono::seconds kRefreshTime{2};

double LagSeconds(const Lag& lag, WallTime now) {
  if (!lag.oldest_unapplied) return 0;
  return std::max(0.0, std::chrono::duration<double>(now - *lag.oldest_unapplied).count());
}

// Before the query is paid for.
Status CheckFilter(const PipelineSpec& spec, const SearchFilter& filter) {
  for (const auto& [column, value] : filter) {
    if (std::find(spec.payload.begin(), spec.payload.end(), column) != spec.payload.end()) continue;
    return InvalidArgument(
        "{}: its points have no payload column '{}'{}", spec.name, column,
        spec.payload.empty() ? "; none was chosen (payload:)" : DidYouMean(column, spec.payload));
  }
  return OkStatus();
}

}  // namespace

void Supervisor::RefreshLags(const std::vector<std::string>& names) {
  std::stop_source late;
  LinkedStop either(stop_.get_token(), late.get_token());
  std::jthread timer([&](std::stop_token done) {
    if (services_.clock.Sleep(kRefreshTime, done)) late.request_stop();
  });
  for (const std::string& name : names) {
    const auto record = Get(name);
    if (!record.ok()) continue;
    const auto target = CurrentTarget(record->spec);
    if (!target.ok() || !*target || !(*target)->cursor) continue;
    auto source = SourceFor(name);
    if (!source.ok()) continue;
    const auto lag = (*source)->Behind(*(*target)->cursor, either.token());
    if (!lag.ok()) continue;
    MutexLock lock(mu_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) continue;
    found->second.lag = *lag;
    found->second.polled_at = services_.clock.Now();
  }
}

void Supervisor::ShowGauges(Metrics& metrics) {
  struct Gauges {
    std::string name;
    std::string_view state;
    int64_t version;
    int64_t lag_versions;
    double lag_seconds;
    int64_t dead_letters;
  };
  std::vector<Gauges> all;
  {
    MutexLock lock(mu_);
    const WallTime now = services_.clock.Now();
    for (const auto& [name, entry] : entries_) {
      Gauges& gauges = all.emplace_back();
      gauges.name = name;
      gauges.state = !entry.record.pause.reason.empty() ? "PAUSED"
                     : entry.backing_off                ? "BACKING_OFF"
                                                        : "IDLE";
      gauges.version = entry.version;
      gauges.lag_versions = entry.lag ? entry.lag->versions : -1;
      gauges.lag_seconds = entry.lag ? LagSeconds(*entry.lag, now) : -1;
      gauges.dead_letters = entry.dead_letters;
    }
  }
  for (Gauges& gauges : all) {
    if (const auto running = queue_.RunningOf(gauges.name)) {
      const RunView view = running->progress.view();
      gauges.state = view.backing_off.empty() ? "RUNNING" : "BACKING_OFF";
      gauges.version = std::max(gauges.version, view.run.to_version);
    }
    metrics.SetPipelineState(gauges.name, gauges.state);
    metrics.SetWatermark(gauges.name, gauges.version, gauges.lag_versions, gauges.lag_seconds);
    metrics.SetDeadLetters(gauges.name, gauges.dead_letters);
  }
}

void Supervisor::NameFallback(PipelineStatus& status) const {
  const PipelineSpec& spec = status.record.spec;
  const auto model = services_.connectors.OpenModel(spec.model, spec.dimensions);
  if (!model.ok()) return;
  const std::string fallback = (*model)->FallbackInUse();
  if (fallback.empty()) return;
  status.reason = reason::kFallbackInUse;
  status.message = fmt::format("{} does not answer; {} is asked for {} meanwhile",
                               (*model)->model().provider, fallback, (*model)->model().name);
  status.remedy = "Nothing to do: it goes back by itself";
}

StatusOr<PipelineStatus> Supervisor::StatusOf(const std::string& name, int32_t runs) {
  PipelineStatus out;
  {
    MutexLock lock(mu_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return NotFound("no pipeline '{}'", name);
    const Entry& entry = found->second;
    out.record = entry.record;
    out.polled_at = entry.polled_at;
    const PauseState& pause = entry.record.pause;
    if (!pause.reason.empty()) {
      out.state = PipelineState::kPaused;
      out.reason = pause.reason;
      out.message = pause.message;
      out.remedy = pause.remedy;
      out.since = pause.since;
    } else if (entry.backing_off) {
      out.state = PipelineState::kBackingOff;
      out.reason = entry.backing_off->reason;
      out.message = entry.backing_off->message;
      out.remedy = "Nothing to do: it is tried again by itself";
      out.since = entry.backing_off->since;
    }
    if (entry.lag) {
      out.lag_versions = entry.lag->versions;
      out.lag_seconds = LagSeconds(*entry.lag, services_.clock.Now());
    }
  }
  const auto running = queue_.RunningOf(name);
  const RunView view = running ? running->progress.view() : RunView();
  // One that has ended is in the queue for a moment still.
  if (running && !IsFinal(view.run.state)) {
    out.state = view.backing_off.empty() ? PipelineState::kRunning : PipelineState::kBackingOff;
    out.reason = view.backing_off_reason;
    out.message = view.backing_off;
    out.since = view.run.started_at;
    if (out.state == PipelineState::kRunning) NameFallback(out);
  }
  if (const auto target = CurrentTarget(out.record.spec); target.ok() && *target) {
    out.version = (*target)->version;
    out.rows = (*target)->rows;
    out.points = (*target)->points;
    out.dead_letters = (*target)->dead_letters;
  }
  RunFilter latest;
  latest.pipeline = name;
  latest.limit = std::max(1, runs);
  ASSIGN_OR_RETURN(out.runs, ListRuns(latest));
  CostFilter today;
  today.by = CostGroup::kPipeline;
  today.pipeline = name;
  today.since = std::chrono::floor<std::chrono::days>(services_.clock.Now());
  ASSIGN_OR_RETURN(const std::vector<CostRow> costs, services_.ledger.SumCosts(today));
  for (const CostRow& row : costs) out.cost_today += row.cost;
  return out;
}

StatusOr<std::vector<PipelineStatus>> Supervisor::Describe(const std::string& name,
                                                           const std::string& sink, int32_t runs,
                                                           bool refresh) {
  std::vector<std::string> names;
  std::string wanted_sink;
  if (!sink.empty()) {
    ASSIGN_OR_RETURN(wanted_sink, services_.connectors.NormalizeSink(sink));
  }
  if (!name.empty()) {
    RETURN_IF_ERROR(Get(name).status());
    names.push_back(name);
  } else {
    for (const PipelineRecord& record : List()) {
      if (wanted_sink.empty() || record.spec.sink == wanted_sink) names.push_back(record.spec.name);
    }
  }
  if (refresh) RefreshLags(names);
  std::vector<PipelineStatus> out;
  for (const std::string& each : names) {
    auto status = StatusOf(each, runs);
    if (status.ok())
      out.push_back(std::move(*status));
    else if (status.status().code() != StatusCode::kNotFound)
      return status.status();
  }
  return out;
}

std::optional<WallTime> Supervisor::CommittedAt(const std::string& pipeline, int64_t version) {
  auto source = SourceFor(pipeline);
  if (!source.ok()) return std::nullopt;
  const auto when = (*source)->CommittedAt(version, stop_.get_token());
  return when.ok() ? std::optional<WallTime>(*when) : std::nullopt;
}

StatusOr<PlanResult> Supervisor::Plan(const RunSelector& selector, RunMode mode,
                                      std::stop_token stop) {
  ASSIGN_OR_RETURN(Resolved resolved, Resolve(selector, RunMode::kEmbed, stop));
  LinkedStop either(stop, stop_.get_token());
  RunProgress progress(RunRecord{}, services_.clock);
  RunContext run(services_, resolved.spec, progress, either.token(), either.token());
  PlanResult out;
  out.spec = resolved.spec;
  ASSIGN_OR_RETURN(out.figures, EstimateRun(run, mode != RunMode::kWatch));
  out.dimensions = run.model->model().dimensions;
  return out;
}

StatusOr<SearchResult> Supervisor::Search(const std::string& pipeline, const std::string& text,
                                          size_t k, const SearchFilter& filter,
                                          std::stop_token stop) {
  ASSIGN_OR_RETURN(const PipelineRecord record, Get(pipeline));
  RETURN_IF_ERROR(CheckFilter(record.spec, filter));
  SearchResult out;
  out.spec = record.spec;
  ASSIGN_OR_RETURN(const std::optional<Target> target, CurrentTarget(record.spec));
  if (!target || target->points == 0) {
    return FailedPrecondition("{}: nothing is embedded yet; see driftctl status", pipeline);
  }
  ASSIGN_OR_RETURN(auto model,
                   services_.connectors.OpenModel(record.spec.model, record.spec.dimensions));
  ASSIGN_OR_RETURN(auto sink, services_.connectors.OpenSink(record.spec.sink));
  LinkedStop either(stop, stop_.get_token());
  auto client = std::make_shared<EmbedClient>();
  client->pipeline = pipeline;
  client->kind = InputKind::kQuery;
  client->priority = EmbedPriority::kSearch;
  client->dedup = false;
  client->stop = either.token();
  const auto ticket = model->Submit(client, {{text, Sha256(text)}});
  model->Flush(client);
  RETURN_IF_ERROR(ticket->Wait(either.token()));
  const EmbedAnswer& answer = ticket->answers().front();
  RETURN_IF_ERROR(answer.status);
  out.tokens = answer.tokens;
  out.cost = answer.cost;
  ASSIGN_OR_RETURN(out.hits, sink->Search(pipeline, answer.vector, k, filter, either.token()));
  return out;
}

}  // namespace drift
