// All pipelines of the process: what they are, what they do, when they are due. The one door for
// the control API and the scheduler.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "core/ledger_types.h"
#include "core/sink.h"
#include "pipeline/estimate.h"
#include "pipeline/run_context.h"
#include "pipeline/run_queue.h"
#include "pipeline/run_worker.h"
#include "pipeline/selector.h"

namespace drift {

enum class PipelineState : uint8_t { kIdle, kRunning, kBackingOff, kPaused };

struct PipelineStatus {
  PipelineRecord record;
  PipelineState state = PipelineState::kIdle;
  std::string reason;  // of kPaused and kBackingOff
  std::string message;
  std::string remedy;
  std::optional<WallTime> since;
  int64_t version = -1;
  int64_t lag_versions = -1;  // -1: not known
  double lag_seconds = 0;
  int64_t rows = 0;
  int64_t points = 0;
  int64_t dead_letters = 0;
  NanoUsd cost_today = 0;
  std::optional<WallTime> polled_at;
  std::vector<RunRecord> runs;  // newest first; at least the last, if there is one
};

struct StartedRun {
  RunRecord run;
  bool existed = false;
  std::vector<std::string> warnings;
};

struct SearchResult {
  std::vector<Hit> hits;
  PipelineSpec spec;
  int64_t tokens = 0;
  NanoUsd cost = 0;
};

struct PlanResult {
  PipelineSpec spec;
  PlanFigures figures;
  int32_t dimensions = 0;
};

// Safe for concurrent use. Errors are fit for the person who asked.
class Supervisor {
 public:
  explicit Supervisor(const RunServices& services);
  ~Supervisor();  // REQUIRES: Stop() was called

  // -- start and stop
  // Takes up what the ledger knows: pipelines, pauses, runs that were cut short.
  Status Load();
  // The pipelines of the configuration, at start and after each reload. Others stay as they are.
  Status ApplyConfig(const std::vector<PipelineSpec>& specs) EXCLUDES(mu_);
  // Polls what is due; call it every second or so.
  void Tick() EXCLUDES(mu_);
  // Soft: begins nothing more, lets runs finish the batch in hand. Hard: cancels calls in flight.
  void Stop(bool hard);
  bool AwaitIdle(Duration most) { return queue_.AwaitIdle(most); }
  bool stopping() const { return stopping_; }

  // -- pipelines
  StatusOr<PipelineRecord> Get(const std::string& name) const EXCLUDES(mu_);
  std::vector<PipelineRecord> List() const EXCLUDES(mu_);  // by name
  struct Applied {
    PipelineRecord record;
    bool created = false;
    std::string difference;  // in words; empty: nothing changed
    std::vector<std::string> warnings;
  };
  StatusOr<Applied> Apply(PipelineSpec spec, bool dry_run) EXCLUDES(mu_);
  struct Deleted {
    bool index_dropped = false;
    int64_t points = 0;
    std::vector<std::string> warnings;
  };
  StatusOr<Deleted> Delete(const std::string& name, bool drop_index, std::stop_token stop)
      EXCLUDES(mu_);
  StatusOr<PipelineRecord> Pause(const std::string& name) EXCLUDES(mu_);
  StatusOr<PipelineRecord> Resume(const std::string& name) EXCLUDES(mu_);
  // `name` empty: all; `sink` empty: all. `refresh`: ask the tables how far they are, for a second
  // or two. `runs`: so many latest runs of each.
  StatusOr<std::vector<PipelineStatus>> Describe(const std::string& name, const std::string& sink,
                                                 int32_t runs, bool refresh) EXCLUDES(mu_);

  // -- runs
  StatusOr<StartedRun> Start(const RunSelector& selector, RunMode mode,
                             const std::string& request_id, std::stop_token stop) EXCLUDES(mu_);
  StatusOr<RunRecord> Replay(const DeadLetterFilter& filter, const std::string& request_id)
      EXCLUDES(mu_);
  StatusOr<RunRecord> GetRun(const std::string& id) const;
  // As the ledger has them, with what it does not know yet: how far a run is that is going, and the
  // end of one that could not be noted.
  StatusOr<std::vector<RunRecord>> ListRuns(const RunFilter& filter) const;
  StatusOr<RunRecord> CancelRun(const std::string& id);
  // Brings the gauges of all pipelines up to date, from what is known here: asks nobody.
  void ShowGauges(Metrics& metrics) EXCLUDES(mu_);
  // The run while it is here; null when it has ended (then the ledger has it).
  std::shared_ptr<ActiveRun> FindActive(const std::string& id) const { return queue_.Find(id); }

  // -- questions
  StatusOr<PlanResult> Plan(const RunSelector& selector, RunMode mode, std::stop_token stop)
      EXCLUDES(mu_);
  StatusOr<SearchResult> Search(const std::string& pipeline, const std::string& text, size_t k,
                                const SearchFilter& filter, std::stop_token stop) EXCLUDES(mu_);
  // When the version of the pipeline's table was committed; nullopt: the table does not say (any
  // more).
  std::optional<WallTime> CommittedAt(const std::string& pipeline, int64_t version) EXCLUDES(mu_);

 private:
  struct Entry {
    PipelineRecord record;
    std::shared_ptr<Source> source;  // for polls; opened when first needed
    std::optional<MonoTime> due;     // next poll of a scheduled pipeline
    bool polling = false;
    bool run_at_next_poll = false;  // the last run did not succeed
    int failures = 0;               // in a row, of polls and runs
    struct BackOff {
      std::string reason;
      std::string message;
      WallTime since;
    };
    std::optional<BackOff> backing_off;
    std::optional<Lag> lag;
    int64_t version = -1;  // of the cursor, when last looked at
    int64_t dead_letters = 0;
    std::optional<WallTime> polled_at;
    std::optional<WallTime> resume_at;  // of a budget's next period
    bool unnoted = false;               // the ledger does not have `record` as it is here
  };

  struct Resolved {
    PipelineSpec spec;
    bool is_new = false;
    bool changed = false;  // the flags say something new about a known pipeline
    std::vector<std::string> warnings;
  };
  StatusOr<Resolved> Resolve(const RunSelector& selector, RunMode mode, std::stop_token stop)
      EXCLUDES(mu_);
  Status CheckTable(PipelineSpec& spec, bool probe_sink, std::stop_token stop);
  // Adds a warning where the flag does nothing.
  void NoteSinceVersion(RunMode mode, Resolved& resolved) const;
  StatusOr<StartedRun> Enqueue(const PipelineSpec& spec, RunMode mode,
                               const std::string& request_id, bool scheduled,
                               std::vector<DeadLetter> letters) EXCLUDES(mu_);
  void Execute(ActiveRun& run);
  void RunEnded(const RunEnd& end) EXCLUDES(mu_);
  void Poll(const std::string& name) EXCLUDES(mu_);
  StatusOr<bool> LookForChanges(const PipelineSpec& spec, std::shared_ptr<Source> source)
      EXCLUDES(mu_);
  StatusOr<std::shared_ptr<Source>> SourceFor(const std::string& name) EXCLUDES(mu_);
  void RefreshLags(const std::vector<std::string>& names) EXCLUDES(mu_);
  Entry& AddEntry(const PipelineRecord& record) REQUIRES(mu_);
  void NoteTarget(const std::string& name, const Target& target) EXCLUDES(mu_);
  void ScheduleNext(Entry& entry) REQUIRES(mu_);
  void SetPause(const std::string& name, const PauseState& pause) EXCLUDES(mu_);
  void NameFallback(PipelineStatus& status) const;
  StatusOr<PipelineStatus> StatusOf(const std::string& name, int32_t runs) EXCLUDES(mu_);
  StatusOr<std::optional<Target>> CurrentTarget(const PipelineSpec& spec) const;
  // Ends of runs and pauses that the ledger could not take when they came.
  bool HasUnnoted() const REQUIRES(mu_);
  void NoteLate() EXCLUDES(mu_);
  // Of a run that is going, or whose end is not noted yet.
  std::optional<RunRecord> FindLatest(const std::string& run_id) const;
  std::optional<RunRecord> FindUnnoted(const std::string& run_id) const EXCLUDES(mu_);

  const RunServices services_;
  std::atomic<bool> stopping_{false};
  std::stop_source stop_;  // of polls and questions

  mutable Mutex mu_;
  CondVar polls_done_;
  int polls_ GUARDED_BY(mu_) = 0;
  std::map<std::string, Entry> entries_ GUARDED_BY(mu_);
  std::map<std::string, RunRecord> unnoted_ends_ GUARDED_BY(mu_);  // by run id
  bool noting_ GUARDED_BY(mu_) = false;
  Mutex start_mu_;  // one Start at a time decides about a pipeline
  RunQueue queue_;
};

}  // namespace drift
