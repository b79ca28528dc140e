// gRPC to one Qdrant server: deadlines, cancellation, and errors in Drift's codes.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <type_traits>

#include "base/status.h"
#include "qdrant_collections.grpc.pb.h"
#include "qdrant_points.grpc.pb.h"
#include "sinks/qdrant/config.h"

namespace drift::qdrant {

namespace pb = ::qdrant;

// What a failed call means. `context` is read for the answer's metadata. Messages hold the server's
// first line, cut short; never a key. Codes:
//   kCancelled           `stop` was asked for
//   kUnavailable         not reachable, broken off, or an error inside the server
//   kDeadlineExceeded    no answer in time
//   kResourceExhausted   with retry-after: throttled; without: DISK_FULL
//   kFailedPrecondition  the port speaks another protocol, or the storage is locked
//   others               as the server says
Status FromGrpc(const Config& config, const grpc::Status& status,
                const grpc::ClientContext& context, const std::stop_token& stop);

// Safe for concurrent use. Connects on first use and again when a connection breaks.
class Client {
 public:
  explicit Client(Config config);

  const Config& config() const { return config_; }

  // One blocking call of a stub's method, e.g. Call(&pb::Points::Stub::Get, request, response,
  // stop).
  template <typename Service, typename Request, typename Response>
  Status Call(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Response*),
              const Request& request, Response& response, const std::stop_token& stop) {
    return CallWithin(config_.timeout, method, request, response, stop);
  }

  // The same with a time of its own, for what the server may need long for.
  template <typename Service, typename Request, typename Response>
  Status CallWithin(std::chrono::seconds timeout,
                    grpc::Status (Service::*method)(grpc::ClientContext*, const Request&,
                                                    Response*),
                    const Request& request, Response& response, const std::stop_token& stop) {
    grpc::ClientContext context;
    SetUp(context, timeout);
    std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    const grpc::Status status = (StubOf<Service>().*method)(&context, request, &response);
    return FromGrpc(config_, status, context, stop);
  }

 private:
  friend class Upload;

  Client(Config config, const std::shared_ptr<grpc::Channel>& channel);
  void SetUp(grpc::ClientContext& context, std::chrono::seconds timeout) const;
  void Reconnect() const;
  template <typename Service>
  Service& StubOf() {
    if constexpr (std::is_same_v<Service, pb::Points::Stub>) {
      return *points_;
    } else {
      return *collections_;
    }
  }

  const Config config_;
  const std::shared_ptr<grpc::Channel> channel_;  // as gRPC hands it out
  const std::unique_ptr<pb::Points::Stub> points_;
  const std::unique_ptr<pb::Collections::Stub> collections_;
};

// kAborted unless the operation was applied: the answer may also say that it is merely queued.
Status CheckApplied(const Config& config, const pb::UpdateResult& result);

}  // namespace drift::qdrant
