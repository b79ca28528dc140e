// std::mutex with clang's thread-safety annotations. absl::Mutex would bring its own, but the
// prebuilt one gives false races under ThreadSanitizer.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define DRIFT_TSA(x) __attribute__((x))
#else
#define DRIFT_TSA(x)
#endif

// Debian's abseil defines the first one too, as the same attribute.
#undef GUARDED_BY
#define GUARDED_BY(x) DRIFT_TSA(guarded_by(x))
#define REQUIRES(...) DRIFT_TSA(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) DRIFT_TSA(locks_excluded(__VA_ARGS__))

namespace drift {

class DRIFT_TSA(capability("mutex")) Mutex {
 public:
  void lock() DRIFT_TSA(acquire_capability()) { mu_.lock(); }
  void unlock() DRIFT_TSA(release_capability()) { mu_.unlock(); }
  bool try_lock() DRIFT_TSA(try_acquire_capability(true)) { return mu_.try_lock(); }

 private:
  std::mutex mu_;
};

class DRIFT_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mu) DRIFT_TSA(acquire_capability(mu)) : mu_(mu) { mu_.lock(); }
  ~MutexLock() DRIFT_TSA(release_capability()) { mu_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

// Waits with a Mutex held; wakes early when a std::stop_token is asked to stop.
using CondVar = std::condition_variable_any;

}  // namespace drift
