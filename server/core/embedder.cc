#include "core/embedder.h"

namespace drift {
namespace {

constexpr char kMaybeBilledUrl[] = "drift/maybe-billed";

}  // namespace

Status MarkMaybeBilled(Status error) {
  if (!error.ok()) error.SetPayload(kMaybeBilledUrl, absl::Cord("1"));
  return error;
}

bool MaybeBilled(const Status& error) {
  return error.GetPayload(kMaybeBilledUrl).has_value();
}

}  // namespace drift
