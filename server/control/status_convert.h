// Errors as gRPC clients see them.
#pragma once

#include <grpcpp/support/status.h>

#include "base/status.h"

namespace drift {

// The same canonical code; one line of text, with the reason in brackets at its end where there is
// one, and the remedy before it.
grpc::Status ToGrpc(const Status& status);

}  // namespace drift
