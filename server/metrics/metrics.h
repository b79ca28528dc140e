// Every metric of the daemon, declared once (in metrics.cc, with its help text). Label values come
// from fixed sets and from configuration, never from rows, keys or messages.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "core/ledger_types.h"

namespace drift {

// What one request to a provider was about.
struct ProviderLabels {
  std::string provider;  // as configured
  std::string model;     // provider/name
};

// Safe for concurrent use; a call takes a short lock and never blocks on anything else. Lives from
// before the first part that reports to it until after the last.
class Metrics {
 public:
  // `commit` of the source the binary was built from; may be empty.
  Metrics(std::string_view version, std::string_view commit);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // -- pipelines
  // Its counters show as 0 from now on, so that the first increase is seen as one.
  void AddPipeline(const std::string& pipeline);
  // Its gauges are gone from the next scrape on; its counters stay.
  void RemovePipeline(const std::string& pipeline);

  // `state` is IDLE, RUNNING, BACKING_OFF or PAUSED.
  void SetPipelineState(const std::string& pipeline, std::string_view state);
  // `version` -1: there is no cursor yet, and no watermark is shown. Negative lags are not shown.
  void SetWatermark(const std::string& pipeline, int64_t version, int64_t lag_versions,
                    double lag_seconds);
  void SetDeadLetters(const std::string& pipeline, int64_t open);
  // `stage` is read, embed or write.
  void SetQueueBytes(const std::string& pipeline, const std::string& stage, int64_t bytes);

  // Rows, texts and points of one batch. Tokens and cost are counted apart, by request.
  void AddRows(const std::string& pipeline, const RunCounters& counters);
  void AddPoints(const std::string& pipeline, const std::string& sink_type, int64_t written);

  // A run that ended: counted by mode and state; `took` from start to end.
  void RunEnded(const std::string& pipeline, RunMode mode, RunState state, Duration took);
  void Polled(Duration took);

  // -- providers
  // `code` is OK or the canonical name of an error: RESOURCE_EXHAUSTED, ...
  void RequestEnded(const ProviderLabels& labels, std::string_view code, Duration took);
  void AddSpend(const std::string& pipeline, const ProviderLabels& labels, int64_t tokens,
                NanoUsd cost);
  // Time spent waiting because the provider, or the quota configured for it, said so.
  void AddThrottled(const ProviderLabels& labels, Duration waited);

  // `scope` is pipeline/NAME or provider/NAME, `period` day or month; `used` is spent ÷ limit.
  void SetBudget(const std::string& scope, const std::string& period, double used);

  // -- sinks, ledger
  void SinkWritten(const std::string& sink_type, Duration took);
  void LedgerCommitted(Duration took);

  // `component` is source, provider, sink, ledger, pipeline or control.
  void CountError(const std::string& component, std::string_view code);

  // Called before each scrape, from the scraping thread, to bring gauges up to date. One at most.
  void SetRefresh(std::function<void(Metrics&)> refresh);

  // All of them in Prometheus' text format, version 0.0.4.
  std::string Text();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace drift
