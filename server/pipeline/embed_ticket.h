// The answers for texts that were handed to an EmbedQueue.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "core/ledger_types.h"

namespace drift {

// The answer for one text.
struct EmbedAnswer {
  Status status;  // OK: `vector` is set. kInvalidArgument: the provider will never take this text
  Vector vector;
  int32_t tokens = 0;
  bool tokens_estimated = false;
  NanoUsd cost = 0;
  WallTime embedded_at;
  bool asked = false;  // false: another text's request answered it; tokens and cost are 0
};

// Of one Submit(), in the order of its texts. Shared by the run and the queue. Safe for concurrent
// use.
class EmbedTicket {
 public:
  explicit EmbedTicket(size_t texts) : unanswered_(texts), answers_(texts) {}

  bool done() const EXCLUDES(mu_);
  // REQUIRES: done(). The error that ended the run's requests; item errors are in the answers.
  Status status() const EXCLUDES(mu_);
  const std::vector<EmbedAnswer>& answers() const DRIFT_TSA(no_thread_safety_analysis) {
    return answers_;
  }
  // Calls `callback` once when done, at once if it is; from any thread, no lock held. At most one.
  void WhenDone(std::function<void()> callback) EXCLUDES(mu_);

  // Waits until done; status() then, or kCancelled by `stop`.
  Status Wait(std::stop_token stop) EXCLUDES(mu_);

  // For the queue: each index once.
  void Answer(size_t index, EmbedAnswer answer) EXCLUDES(mu_);

 private:
  mutable Mutex mu_;
  CondVar answered_;
  size_t unanswered_ GUARDED_BY(mu_);
  Status error_ GUARDED_BY(mu_);
  std::vector<EmbedAnswer> answers_ GUARDED_BY(mu_);
  std::function<void()> when_done_ GUARDED_BY(mu_);
};

}  // namespace drift
