#include "control/status_convert.h"

namespace drift {

grpc::Status ToGrpc(const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string text(Message(status));
  if (const std::string remedy = Remedy(status); !remedy.empty()) text += ". " + remedy;
  if (const std::string reason = Reason(status); !reason.empty()) text += " [" + reason + "]";
  // Canonical codes have the same numbers in abseil and in gRPC.
  return {static_cast<grpc::StatusCode>(status.code()), text};
}

}  // namespace drift
