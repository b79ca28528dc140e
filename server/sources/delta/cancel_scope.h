// A stop_token as native/delta takes it.
#pragma once

#include <memory>
#include <stop_token>

#include "native/delta/drift_delta.h"

namespace drift::delta {

struct CancelDeleter {
  void operator()(dk_cancel* cancel) const { dk_cancel_free(cancel); }
};
using CancelHandle = std::unique_ptr<dk_cancel, CancelDeleter>;

inline CancelHandle MakeCancel() {
  return CancelHandle(dk_cancel_new());
}

// While it lives, a stop fires `cancel`, for good. One call's worth.
class CancelOn {
 public:
  CancelOn(std::stop_token stop, dk_cancel* cancel) : forward_(std::move(stop), Fire{cancel}) {}

 private:
  struct Fire {
    dk_cancel* cancel;
    void operator()() const { dk_cancel_fire(cancel); }
  };
  std::stop_callback<Fire> forward_;
};

// The cancel of a single call.
class CancelScope {
 public:
  explicit CancelScope(std::stop_token stop)
      : cancel_(MakeCancel()), forward_(std::move(stop), cancel_.get()) {}
  dk_cancel* get() { return cancel_.get(); }

 private:
  CancelHandle cancel_;
  CancelOn forward_;
};

}  // namespace drift::delta
