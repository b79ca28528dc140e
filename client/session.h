// One connection to the daemon, and how its answers are shown.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "client/host.h"
#include "client/options.h"

namespace drift::client {

// How long a call may take when --timeout does not say.
enum class Patience { kShort, kLong };

// Used by one thread, except Call() and what writes to stderr, which any may use.
class Session {
 public:
  Session(const GlobalOptions& options, Host& host);

  const GlobalOptions& options() const { return options_; }
  Host& host() { return host_; }
  // HOST:PORT
  const std::string& server() const { return server_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Calls `method` of a new stub of `Service`.
  template <typename Service, typename Request, typename Response>
  grpc::Status Call(grpc::Status (Service::StubInterface::*method)(grpc::ClientContext*,
                                                                   const Request&, Response*),
                    const Request& request, Response* response,
                    Patience patience = Patience::kShort) {
    const grpc::Status unreachable = Connect();
    if (!unreachable.ok()) return unreachable;
    const auto stub = Service::NewStub(channel_);
    grpc::ClientContext context;
    SetDeadline(context, patience);
    return Known((stub.get()->*method)(&context, request, response), context);
  }

  // Waits until the daemon is reached or known not to be. UNAVAILABLE says why.
  grpc::Status Connect();
  void SetDeadline(grpc::ClientContext& context, Patience patience) const;
  // Marks a status that did not come from the daemon but from the way there (see IsUnreachable).
  static grpc::Status Known(const grpc::Status& status, const grpc::ClientContext& context);

  // Prints the error, one line (or one per mistake of a document), and returns the exit code.
  int Fail(const grpc::Status& status);
  int Fail(int exit_code, std::string_view message);

  // A line for people on stderr; not with --quiet.
  void Note(std::string_view line);
  // To stderr as it is, at once. Safe for concurrent use, as are Note() and Fail().
  void WriteError(std::string_view text);

  // Whether the response is to be printed for programs; then it has been.
  bool PrintedFor(const google::protobuf::Message& response);

  bool color() const { return color_; }
  size_t width() const;

 private:
  const GlobalOptions options_;
  Host& host_;
  const std::string server_;
  const bool color_;
  std::shared_ptr<grpc::Channel> channel_;
  std::mutex err_mu_;  // of host_.err
};

// Whether the daemon was not reached, so that nothing is known of what it did.
bool IsUnreachable(const grpc::Status& status);

// The daemon's words without the fixed word behind them: "... [TABLE_NOT_FOUND]".
std::string HumanMessage(const grpc::Status& status);

int ExitCodeOf(const grpc::Status& status);

}  // namespace drift::client
