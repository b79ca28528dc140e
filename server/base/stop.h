// Stop tokens that fire for more than one reason.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

#include "base/clock.h"

namespace drift {

// Fires when any of its parents does, or by its own Stop(). Must outlive the calls it is given to;
// destroying it does not fire it.
class LinkedStop {
 public:
  explicit LinkedStop(std::stop_token first, std::stop_token second = {});
  LinkedStop(const LinkedStop&) = delete;
  LinkedStop& operator=(const LinkedStop&) = delete;
  ~LinkedStop();

  void Stop() { source_.request_stop(); }
  std::stop_token token() const { return source_.get_token(); }

 private:
  struct Forward {
    std::stop_source* source;
    void operator()() const { source->request_stop(); }
  };
  std::stop_source source_;
  std::stop_callback<Forward> first_;
  std::stop_callback<Forward> second_;
};

}  // namespace drift
