// Upserts with a few requests under way at once.
#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/status.h"
#include "sinks/qdrant/client.h"

namespace drift::qdrant {

// While the server works on one request the next is put together and sent. Used by one thread;
// lives for one Write.
class Upload {
 public:
  // Two keep a server busy; four were no faster.
  static constexpr size_t kStreams = 2;

  Upload(Client& client, std::stop_token stop) : client_(client), stop_(std::move(stop)) {}
  // Cancels what is still under way, and waits until that is done.
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // Sends the request, which may be changed afterwards; waits first while kStreams are under way.
  // An error is that of an earlier request: stop sending.
  Status Send(const pb::UpsertPoints& request);

  // Waits for all. OK: all were applied.
  Status Finish();

 private:
  struct Cancel {
    grpc::ClientContext* context;
    void operator()() const { context->TryCancel(); }
  };
  struct InFlight {
    grpc::ClientContext context;
    pb::PointsOperationResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<pb::PointsOperationResponse>> reader;
    std::optional<std::stop_callback<Cancel>> cancel;
  };

  // Waits until any one of them ends.
  Status AwaitOne();

  Client& client_;
  const std::stop_token stop_;
  grpc::CompletionQueue queue_;
  std::deque<std::unique_ptr<InFlight>> in_flight_;  // their addresses are the tags in queue_
};

}  // namespace drift::qdrant
