// Tells a blocking call that its client has gone.
#pragma once

#include <grpcpp/server_context.h>

#include <stop_token>
#include <thread>

namespace drift {

// Lives on the stack of a call. The synchronous API has no callback for cancellation, so a thread
// looks ten times a second; for calls that may take long only.
class CallStop {
 public:
  explicit CallStop(grpc::ServerContext& context);
  ~CallStop();

  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::jthread watcher_;
};

}  // namespace drift
