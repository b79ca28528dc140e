#include "pipeline/run_queue.h"

#include <algorithm>

namespace drift {

RunQueue::~RunQueue() {
  Reap();
}

void RunQueue::Add(std::shared_ptr<ActiveRun> run) {
  {
    MutexLock lock(mu_);
    queued_.push_back(std::move(run));
  }
  StartWhatCan();
}

void RunQueue::StartWhatCan() {
  MutexLock lock(mu_);
  if (stopping_) return;
  for (auto next = queued_.begin(); next != queued_.end();) {
    if (static_cast<int>(going_.size()) >= max_running_) return;
    if (going_.contains((*next)->pipeline)) {
      ++next;
      continue;
    }
    std::shared_ptr<ActiveRun> run = std::move(*next);
    next = queued_.erase(next);
    Begin(std::move(run));
  }
}

void RunQueue::Begin(std::shared_ptr<ActiveRun> run) {
  Going& going = going_[run->pipeline];
  going.run = run;
  going.thread = std::thread([this, run] {
    execute_(*run);
    Ended(run->pipeline);
  });
}

void RunQueue::Ended(const std::string& pipeline) {
  {
    MutexLock lock(mu_);
    const auto going = going_.find(pipeline);
    ended_.push_back(std::move(going->second.thread));  // joined by Reap(): not by itself
    going_.erase(going);
    changed_.notify_all();
  }
  StartWhatCan();
}

void RunQueue::Reap() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mu_);
    threads.swap(ended_);
  }
  for (std::thread& thread : threads) thread.join();
}

std::shared_ptr<ActiveRun> RunQueue::FindQueued(const std::string& pipeline, RunMode mode) const {
  MutexLock lock(mu_);
  for (const auto& run : queued_) {
    if (run->pipeline == pipeline && run->mode == mode) return run;
  }
  return nullptr;
}

std::shared_ptr<ActiveRun> RunQueue::Find(const std::string& run_id) const {
  MutexLock lock(mu_);
  for (const auto& run : queued_) {
    if (run->id == run_id) return run;
  }
  for (const auto& [pipeline, going] : going_) {
    if (going.run->id == run_id) return going.run;
  }
  return nullptr;
}

std::shared_ptr<ActiveRun> RunQueue::RunningOf(const std::string& pipeline) const {
  MutexLock lock(mu_);
  const auto going = going_.find(pipeline);
  return going == going_.end() ? nullptr : going->second.run;
}

bool RunQueue::HasRunsOf(const std::string& pipeline) const {
  MutexLock lock(mu_);
  return going_.contains(pipeline) ||
         std::any_of(queued_.begin(), queued_.end(),
                     [&](const auto& run) { return run->pipeline == pipeline; });
}

bool RunQueue::RemoveQueued(const std::string& run_id) {
  MutexLock lock(mu_);
  return std::erase_if(queued_, [&](const auto& run) { return run->id == run_id; }) > 0;
}

void RunQueue::Stop(bool hard) {
  MutexLock lock(mu_);
  stopping_ = true;
  for (const auto& [pipeline, going] : going_) {
    going.run->soft.request_stop();
    if (hard) going.run->hard.request_stop();
  }
}

bool RunQueue::AwaitIdle(Duration most) {
  std::unique_lock lock(mu_);
  return changed_.wait_for(
      lock, most, [this]() DRIFT_TSA(no_thread_safety_analysis) { return going_.empty(); });
}

}  // namespace drift
