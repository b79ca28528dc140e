#include "metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <chrono>

#include "base/mutex.h"

namespace drift {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using Labels = prometheus::Labels;
using Buckets = Histogram::BucketBoundaries;

constexpr double kNanosPerUsd = 1e9;
constexpr std::array<const char*, 4> kStates = {"IDLE", "RUNNING", "BACKING_OFF", "PAUSED"};

// From a poll that finds nothing to a slow provider.
const Buckets kLatencySeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                 0.5,   1,      2.5,   5,    10,    30,   60};
// From a catch-up with nothing new to a backfill of a day.
const Buckets kRunSeconds = {0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400};

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

template <typename Builder>
auto& Declare(Builder builder, const char* name, const char* help, prometheus::Registry& registry) {
  return builder.Name(name).Help(help).Register(registry);
}

}  // namespace

struct Metrics::Impl {
  Family<Counter>& CounterFamily(const char* name, const char* help) {
    return Declare(prometheus::BuildCounter(), name, help, registry);
  }
  Family<Gauge>& GaugeFamily(const char* name, const char* help) {
    return Declare(prometheus::BuildGauge(), name, help, registry);
  }
  Family<Histogram>& HistogramFamily(const char* name, const char* help) {
    return Declare(prometheus::BuildHistogram(), name, help, registry);
  }

  prometheus::Registry registry;

  Family<Gauge>& build_info = GaugeFamily("drift_build_info", "1; its labels say what runs.");

  Family<Gauge>& pipeline_state = GaugeFamily(
      "drift_pipeline_state", "1 for the state the pipeline is in, 0 for the other states.");
  Family<Gauge>& watermark_version =
      GaugeFamily("drift_watermark_version", "Table version that is in the sink.");
  Family<Gauge>& lag_versions =
      GaugeFamily("drift_watermark_lag_versions", "Table versions that are not in the sink yet.");
  Family<Gauge>& lag_seconds =
      GaugeFamily("drift_watermark_lag_seconds",
                  "Age of the oldest table version that is not in the sink yet; 0 when there is "
                  "none.");
  Family<Gauge>& dead_letters =
      GaugeFamily("drift_dead_letters", "Rows that could not be embedded and wait for a person.");
  Family<Gauge>& queue_bytes = GaugeFamily(
      "drift_queue_bytes", "Bytes read, being embedded or being written, not yet committed.");

  Family<Counter>& rows =
      CounterFamily("drift_rows_total", "Rows handled, by what became of them.");
  Family<Counter>& texts = CounterFamily(
      "drift_texts_total", "Texts handled: embedded by the provider, vector reused, or dead.");
  Family<Counter>& points =
      CounterFamily("drift_points_written_total", "Points written to a sink and durable there.");
  Family<Counter>& tokens = CounterFamily("drift_tokens_total", "Tokens billed by providers.");
  Family<Counter>& cost =
      CounterFamily("drift_cost_usd_total", "Spent with providers, in US dollars.");

  Family<Counter>& runs = CounterFamily("drift_runs_total", "Runs that ended, by mode and state.");
  Histogram& run_seconds =
      HistogramFamily("drift_run_duration_seconds", "How long runs took.").Add({}, kRunSeconds);
  Histogram& poll_seconds =
      HistogramFamily("drift_poll_seconds", "How long asking a table for changes took.")
          .Add({}, kLatencySeconds);

  Family<Counter>& requests = CounterFamily("drift_provider_requests_total",
                                            "Requests to providers, by the code they ended with.");
  Family<Histogram>& request_seconds =
      HistogramFamily("drift_provider_request_seconds", "How long requests to providers took.");
  Family<Counter>& throttled = CounterFamily("drift_provider_throttled_seconds_total",
                                             "Time spent waiting for a provider's quota.");

  Family<Gauge>& budget_used = GaugeFamily(
      "drift_budget_used_ratio", "Spent in this period, as a share of the budget's limit.");

  Family<Histogram>& sink_seconds =
      HistogramFamily("drift_sink_write_seconds", "How long writes to a sink took until durable.");
  Histogram& commit_seconds =
      HistogramFamily("drift_ledger_commit_seconds", "How long commits of a batch took.")
          .Add({}, kLatencySeconds);

  Family<Counter>& errors =
      CounterFamily("drift_errors_total", "Errors, by the part that met them and their code.");

  Mutex mu;
  std::function<void(Metrics&)> refresh GUARDED_BY(mu);
  // Held while a gauge of a pipeline is looked up and set: removing it frees it. Other metrics are
  // never removed.
  Mutex gauges_mu;
};

Metrics::Metrics(std::string_view version, std::string_view commit)
    : impl_(std::make_unique<Impl>()) {
  impl_->build_info.Add({{"version", std::string(version)}, {"commit", std::string(commit)}})
      .Set(1);
}

Metrics::~Metrics() = default;

void Metrics::AddPipeline(const std::string& pipeline) {
  AddRows(pipeline, RunCounters());
  SetDeadLetters(pipeline, 0);
}

void Metrics::RemovePipeline(const std::string& pipeline) {
  MutexLock lock(impl_->gauges_mu);
  // Add() of labels that are there gives the gauge that is there.
  const auto remove = [](Family<Gauge>& family, const Labels& labels) {
    family.Remove(&family.Add(labels));
  };
  for (const char* state : kStates) {
    remove(impl_->pipeline_state, {{"pipeline", pipeline}, {"state", state}});
  }
  for (const char* stage : {"read", "embed", "write"}) {
    remove(impl_->queue_bytes, {{"pipeline", pipeline}, {"stage", stage}});
  }
  for (auto* family : {&impl_->watermark_version, &impl_->lag_versions, &impl_->lag_seconds,
                       &impl_->dead_letters}) {
    remove(*family, {{"pipeline", pipeline}});
  }
}

void Metrics::SetPipelineState(const std::string& pipeline, std::string_view state) {
  MutexLock lock(impl_->gauges_mu);
  for (const char* known : kStates) {
    impl_->pipeline_state.Add({{"pipeline", pipeline}, {"state", known}})
        .Set(state == known ? 1 : 0);
  }
}

void Metrics::SetWatermark(const std::string& pipeline, int64_t version, int64_t lag_versions,
                           double lag_seconds) {
  MutexLock lock(impl_->gauges_mu);
  const Labels labels = {{"pipeline", pipeline}};
  if (version >= 0) impl_->watermark_version.Add(labels).Set(static_cast<double>(version));
  if (lag_versions >= 0) impl_->lag_versions.Add(labels).Set(static_cast<double>(lag_versions));
  if (lag_seconds >= 0) impl_->lag_seconds.Add(labels).Set(lag_seconds);
}

void Metrics::SetBudget(const std::string& scope, const std::string& period, double used) {
  MutexLock lock(impl_->gauges_mu);
  impl_->budget_used.Add({{"scope", scope}, {"period", period}}).Set(used);
}

void Metrics::SetDeadLetters(const std::string& pipeline, int64_t open) {
  MutexLock lock(impl_->gauges_mu);
  impl_->dead_letters.Add({{"pipeline", pipeline}}).Set(static_cast<double>(open));
}

void Metrics::SetQueueBytes(const std::string& pipeline, const std::string& stage, int64_t bytes) {
  MutexLock lock(impl_->gauges_mu);
  impl_->queue_bytes.Add({{"pipeline", pipeline}, {"stage", stage}})
      .Set(static_cast<double>(bytes));
}

void Metrics::AddRows(const std::string& pipeline, const RunCounters& counters) {
  const auto add = [&](Family<Counter>& family, const char* label, const char* value,
                       int64_t count) {
    family.Add({{"pipeline", pipeline}, {label, value}}).Increment(static_cast<double>(count));
  };
  add(impl_->rows, "op", "inserted", counters.rows_inserted);
  add(impl_->rows, "op", "updated", counters.rows_updated);
  add(impl_->rows, "op", "deleted", counters.rows_deleted);
  add(impl_->rows, "op", "unchanged", counters.rows_unchanged);
  add(impl_->texts, "result", "embedded", counters.texts_embedded);
  add(impl_->texts, "result", "reused", counters.texts_reused);
  add(impl_->texts, "result", "dead", counters.dead_letters);
}

void Metrics::AddPoints(const std::string& pipeline, const std::string& sink_type,
                        int64_t written) {
  impl_->points.Add({{"pipeline", pipeline}, {"sink_type", sink_type}})
      .Increment(static_cast<double>(written));
}

void Metrics::RunEnded(const std::string& pipeline, RunMode mode, RunState state, Duration took) {
  impl_->runs
      .Add({{"pipeline", pipeline},
            {"mode", std::string(ToString(mode))},
            {"state", std::string(ToString(state))}})
      .Increment();
  impl_->run_seconds.Observe(Seconds(took));
}

void Metrics::Polled(Duration took) {
  impl_->poll_seconds.Observe(Seconds(took));
}

void Metrics::RequestEnded(const ProviderLabels& labels, std::string_view code, Duration took) {
  impl_->requests
      .Add({{"provider", labels.provider}, {"model", labels.model}, {"code", std::string(code)}})
      .Increment();
  impl_->request_seconds
      .Add({{"provider", labels.provider}, {"model", labels.model}}, kLatencySeconds)
      .Observe(Seconds(took));
}

void Metrics::AddSpend(const std::string& pipeline, const ProviderLabels& labels, int64_t tokens,
                       NanoUsd cost) {
  const Labels all = {
      {"pipeline", pipeline}, {"provider", labels.provider}, {"model", labels.model}};
  impl_->tokens.Add(all).Increment(static_cast<double>(tokens));
  impl_->cost.Add(all).Increment(static_cast<double>(cost) / kNanosPerUsd);
}

void Metrics::AddThrottled(const ProviderLabels& labels, Duration waited) {
  impl_->throttled.Add({{"provider", labels.provider}, {"model", labels.model}})
      .Increment(Seconds(waited));
}

void Metrics::SinkWritten(const std::string& sink_type, Duration took) {
  impl_->sink_seconds.Add({{"sink_type", sink_type}}, kLatencySeconds).Observe(Seconds(took));
}

void Metrics::LedgerCommitted(Duration took) {
  impl_->commit_seconds.Observe(Seconds(took));
}

void Metrics::CountError(const std::string& component, std::string_view code) {
  impl_->errors.Add({{"component", component}, {"code", std::string(code)}}).Increment();
}

void Metrics::SetRefresh(std::function<void(Metrics&)> refresh) {
  MutexLock lock(impl_->mu);
  impl_->refresh = std::move(refresh);
}

std::string Metrics::Text() {
  std::function<void(Metrics&)> refresh;
  {
    MutexLock lock(impl_->mu);
    refresh = impl_->refresh;
  }
  if (refresh) refresh(*this);
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace drift
