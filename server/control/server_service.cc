#include "control/convert.h"
#include "control/services.h"
#include "drift/v1/server.grpc.pb.h"

namespace drift {
namespace {

class ServerServiceImpl final : public v1::ServerService::Service {
 public:
  explicit ServerServiceImpl(const ControlParts& parts) : parts_(parts) {}

  grpc::Status Get(grpc::ServerContext*, const v1::GetServerRequest*,
                   v1::Server* response) override {
    response->set_version(parts_.version);
    response->set_commit(parts_.commit);
    response->set_ledger_id(parts_.ledger.id());
    SetTime(parts_.started_at, response->mutable_start_time());
    return grpc::Status::OK;
  }

 private:
  const ControlParts parts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeServerService(const ControlParts& parts) {
  return std::make_unique<ServerServiceImpl>(parts);
}

}  // namespace drift
