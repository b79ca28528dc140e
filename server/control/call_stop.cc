#include "control/call_stop.h"

#include "base/clock.h"

namespace drift {

CallStop::CallStop(grpc::ServerContext& context)
    : watcher_([this, &context](std::stop_token done) {
        constexpr std::chrono::milliseconds kLook{100};
        while (Clock::Real().Sleep(kLook, done)) {
          if (!context.IsCancelled()) continue;
          stop_.request_stop();
          return;
        }
      }) {}

CallStop::~CallStop() = default;

}  // namespace drift
