// What one run works with. Built when the run is opened; used by the run's thread, except where
// said.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/retry.h"
#include "base/rng.h"
#include "base/stop.h"
#include "base/thread_pool.h"
#include "core/ledger.h"
#include "core/sink.h"
#include "core/source.h"
#include "core/spec.h"
#include "metrics/metrics.h"
#include "pipeline/connectors.h"
#include "pipeline/embed_queue.h"
#include "pipeline/progress.h"
#include "pipeline/render.h"

namespace drift {

// What the process gives to every run; lives longer than all of them. Safe for concurrent use.
struct RunServices {
  Ledger& ledger;
  Connectors& connectors;
  ThreadPool& workers;
  Clock& clock;
  Rng& rng;
  Metrics& metrics;
  std::string temp_folder;
};

class RunContext {
 public:
  // `soft`: take nothing new, finish the batch in hand. `hard`: cancel the calls in flight.
  RunContext(const RunServices& services, PipelineSpec spec, RunProgress& progress,
             std::stop_token soft, std::stop_token hard)
      : services(services),
        spec(std::move(spec)),
        progress(progress),
        soft(std::move(soft)),
        abort_(std::move(hard)),
        hard(abort_.token()) {}

  const RunServices& services;
  const PipelineSpec spec;
  RunProgress& progress;
  const std::stop_token soft;

 private:
  LinkedStop abort_;

 public:
  const std::stop_token hard;  // also after Abort()

  // The run has failed: cancels what is in flight.
  void Abort() { abort_.Stop(); }
  // From now on a soft stop is a hard one.
  void StopAtOnce() {
    at_once_.emplace(soft, [this] { Abort(); });
  }

  // Set by OpenRun(), then constant.
  std::shared_ptr<Source> source;
  std::shared_ptr<Sink> sink;
  std::shared_ptr<EmbedQueue> model;
  std::shared_ptr<EmbedClient> client;
  std::optional<RowRenderer> renderer;
  std::string run_id;

  // Of the run's thread.
  Target target;
  int64_t stamped_version = -1;  // what the collection's stamp says of this pipeline
  RunCounters counters;          // what the run did, but for what `client->spend` counts

  // Rows of the batches that are cut from now on, beside the pipeline's limits. Set by InFlight: a
  // slow model inside the process is given few at once. Read by the reading thread.
  std::atomic<size_t> batch_rows = SIZE_MAX;

  Ledger& ledger() const { return services.ledger; }

  // Does `op` (a function that returns Status or StatusOr<T>) until it succeeds or fails for good.
  // What is away is waited for as long as the run lives: nothing that is paid for is thrown away.
  // `component` (source, sink, ledger) is counted when it errs; `act` names the call in messages:
  // "writing points". Also from worker threads.
  template <typename F>
  auto Persist(std::string_view component, std::string_view act, F op) -> decltype(op()) {
    return RetryWith({.first = kFirstWait, .most = kLongestWait}, component, act, std::move(op));
  }

  // The same, but gives up after a few seconds: for the first contact, when nothing is paid yet.
  template <typename F>
  auto Contact(std::string_view component, std::string_view act, F op) -> decltype(op()) {
    return RetryWith({.first = kFirstWait, .most = kLongestWait, .max_attempts = kContactAttempts},
                     component, act, std::move(op));
  }

  // The same, but gives up after half a minute: for the source, whose errors can look like a
  // moment's absence and stay (a truncated file).
  template <typename F>
  auto Read(std::string_view component, std::string_view act, F op) -> decltype(op()) {
    return RetryWith({.first = kFirstWait, .most = kLongestWait, .max_attempts = kReadAttempts},
                     component, act, std::move(op));
  }

  // `counters` with what the provider was asked for.
  RunCounters CountersNow() const;
  // Requests of a free model that no commit has noted yet; they count as noted then.
  std::vector<RequestRecord> TakeFreeRequests();

 private:
  static constexpr std::chrono::milliseconds kFirstWait{200};
  static constexpr std::chrono::milliseconds kLongestWait{30'000};
  static constexpr int kContactAttempts = 4;
  static constexpr int kReadAttempts = 8;

  template <typename F>
  auto RetryWith(BackoffOptions options, std::string_view component, std::string_view act, F op)
      -> decltype(op()) {
    bool waited = false;
    const auto count = [&](const Status& error) {
      services.metrics.CountError(std::string(component), CodeName(error.code()));
    };
    auto result = Retry(Backoff(options, services.rng), services.clock, hard, std::move(op),
                        [&](const Status& why, std::chrono::milliseconds wait) {
                          waited = true;
                          count(why);
                          progress.SetWaiting(Annotate(why, act), wait);
                        });
    if (waited) progress.ClearWaiting();
    if (result.ok()) return result;
    const Status& error = ToStatus(result);
    if (error.code() != StatusCode::kCancelled) count(error);
    // What has a reason says itself what happened; the act would only be in the way.
    if (!Reason(error).empty()) return result;
    return Annotate(error, act);
  }

  std::optional<std::stop_callback<std::function<void()>>> at_once_;
  int64_t noted_requests_ = 0;
  int64_t noted_texts_ = 0;
  int64_t noted_tokens_ = 0;
  int64_t noted_guesses_ = 0;
};

}  // namespace drift
