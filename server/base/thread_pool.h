// A fixed number of threads that run what is posted, in order of posting.
#pragma once

#include <functional>
#include <memory>

namespace drift {

// Safe for concurrent use. The destructor runs what was posted, then joins.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // `task` must not throw. It may post further tasks.
  void Post(std::function<void()> task);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace drift
