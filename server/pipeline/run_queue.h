// The runs that wait and the runs that go: never two of one pipeline at once, a bounded number in
// all, each on a thread of its own.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "core/ledger_types.h"
#include "pipeline/progress.h"

namespace drift {

// One run, from the moment it is queued until its end is noted. Shared by the queue, its thread and
// its watchers.
struct ActiveRun {
  ActiveRun(RunRecord record, PipelineSpec spec, Clock& clock)
      : id(record.id),
        pipeline(record.pipeline),
        mode(record.mode),
        spec(std::move(spec)),
        progress(std::move(record), clock) {}

  const std::string id;
  const std::string pipeline;
  const RunMode mode;
  const PipelineSpec spec;
  std::vector<DeadLetter> letters;  // of a replay
  RunProgress progress;
  std::stop_source soft;
  std::stop_source hard;
  std::atomic<bool> cancelled{false};  // by a person
};

// Safe for concurrent use.
class RunQueue {
 public:
  // Does a run and notes its end; called on the run's thread.
  using Execute = std::function<void(ActiveRun& run)>;

  RunQueue(int max_running, Execute execute)
      : max_running_(max_running), execute_(std::move(execute)) {}
  // REQUIRES: Stop() and AwaitIdle() have been called.
  ~RunQueue();

  // Takes the run on. It starts at once if its pipeline has none going and a place is free.
  void Add(std::shared_ptr<ActiveRun> run) EXCLUDES(mu_);
  // A queued run of the pipeline with this mode that has not begun, or null.
  std::shared_ptr<ActiveRun> FindQueued(const std::string& pipeline, RunMode mode) const
      EXCLUDES(mu_);
  std::shared_ptr<ActiveRun> Find(const std::string& run_id) const EXCLUDES(mu_);
  // The run that goes; null if none.
  std::shared_ptr<ActiveRun> RunningOf(const std::string& pipeline) const EXCLUDES(mu_);
  bool HasRunsOf(const std::string& pipeline) const EXCLUDES(mu_);

  // Takes a run out that has not begun. False: it has begun, or is not here.
  bool RemoveQueued(const std::string& run_id) EXCLUDES(mu_);

  // Nothing begins any more; what goes is asked to finish the batch in hand, or to end at once.
  void Stop(bool hard) EXCLUDES(mu_);
  // True when no run goes any more; waits `most` for it.
  bool AwaitIdle(Duration most) EXCLUDES(mu_);
  // Joins the threads of runs that have ended.
  void Reap() EXCLUDES(mu_);

 private:
  struct Going {
    std::shared_ptr<ActiveRun> run;
    std::thread thread;
  };
  void StartWhatCan() EXCLUDES(mu_);
  void Begin(std::shared_ptr<ActiveRun> run) REQUIRES(mu_);
  void Ended(const std::string& pipeline) EXCLUDES(mu_);

  const int max_running_;
  const Execute execute_;

  mutable Mutex mu_;
  CondVar changed_;
  bool stopping_ GUARDED_BY(mu_) = false;
  std::deque<std::shared_ptr<ActiveRun>> queued_ GUARDED_BY(mu_);
  std::map<std::string, Going> going_ GUARDED_BY(mu_);  // by pipeline
  std::vector<std::thread> ended_ GUARDED_BY(mu_);
};

}  // namespace drift
