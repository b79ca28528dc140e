// How a run goes, for those who watch it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "core/ledger_types.h"

namespace drift {

// What a watcher sees.
struct RunView {
  RunRecord run;
  std::string phase;           // a few words
  int64_t rows_done = 0;       // of rows_expected
  int64_t rows_expected = -1;  // -1: not known (yet)
  int64_t texts_answered = 0;  // by the model; their rows are done when they are written
  double rows_per_second = 0;  // over the last seconds
  int64_t bytes_in_flight = 0;
  std::string backing_off;  // why it waits, one line; empty: it does not
  std::string backing_off_reason;
  std::optional<WallTime> retry_at;
};

// Safe for concurrent use. Shared by the run, which writes, and its watchers.
class RunProgress {
 public:
  RunProgress(RunRecord run, Clock& clock) : clock_(clock), rate_since_(clock.Mono()) {
    view_.run = std::move(run);
    view_.phase = "waiting for its turn";
  }

  RunView view() const EXCLUDES(mu_);

  // Changes the view under the lock, then wakes the watchers.
  template <typename F>
  void Update(F change) EXCLUDES(mu_) {
    {
      MutexLock lock(mu_);
      change(view_);
      ++generation_;
    }
    changed_.notify_all();
  }

  // The next rows are done; keeps the rate.
  void AddRows(int64_t rows) EXCLUDES(mu_);
  void SetWaiting(const Status& why, std::chrono::milliseconds wait) EXCLUDES(mu_);
  void ClearWaiting() EXCLUDES(mu_);

  // Blocks until the view has changed since `generation` (or `most` has passed, or `stop`); returns
  // the view and sets `generation` to what it shows.
  RunView WaitForChange(uint64_t& generation, Duration most, std::stop_token stop) const
      EXCLUDES(mu_);
  // Blocks until the run has ended (or `most` has passed, or `stop`).
  void WaitForEnd(Duration most, std::stop_token stop) const EXCLUDES(mu_);

 private:
  Clock& clock_;
  mutable Mutex mu_;
  mutable CondVar changed_;
  RunView view_ GUARDED_BY(mu_);
  uint64_t generation_ GUARDED_BY(mu_) = 1;
  MonoTime rate_since_ GUARDED_BY(mu_);
  int64_t rate_rows_ GUARDED_BY(mu_) = 0;
};

}  // namespace drift
