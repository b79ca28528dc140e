#include "control/status_convert.h"

namespace drift {

grpc::Status ToGrpc(const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string text(Message(status));
  if (std::string remedy = Remedy(status); !remedy.empty()) {
    // Connectors say it in a few words; here it is a sentence. A command stays as it is typed.
    if (!remedy.starts_with("drift") && remedy[0] >= 'a' && remedy[0] <= 'z')
      remedy[0] = static_cast<char>(remedy[0] - 'a' + 'A');
    text += ". " + remedy;
  }
  if (const std::string reason = Reason(status); !reason.empty()) text += " [" + reason + "]";
  // Canonical codes have the same numbers in abseil and in gRPC.
  return {static_cast<grpc::StatusCode>(status.code()), text};
}

}  // namespace drift
