// Declared in the API, not in this release: clients get a plain sentence instead of "unknown
// service".
#include "control/services.h"
#include "drift/v1/erasure.grpc.pb.h"
#include "drift/v1/migration.grpc.pb.h"

namespace drift {
namespace {

grpc::Status NotYet(const char* what) {
  return {grpc::StatusCode::UNIMPLEMENTED, std::string(what) + " not in this release of driftd"};
}

class MigrationServiceImpl final : public v1::MigrationService::Service {
  static grpc::Status No() { return NotYet("changing the embedding model (migrate) is"); }

 public:
  grpc::Status Start(grpc::ServerContext*, const v1::StartMigrationRequest*,
                     v1::Migration*) override {
    return No();
  }
  grpc::Status List(grpc::ServerContext*, const v1::ListMigrationsRequest*,
                    v1::ListMigrationsResponse*) override {
    return No();
  }
  grpc::Status Get(grpc::ServerContext*, const v1::GetMigrationRequest*, v1::Migration*) override {
    return No();
  }
  grpc::Status Evaluate(grpc::ServerContext*, const v1::EvaluateMigrationRequest*,
                        v1::Migration*) override {
    return No();
  }
  grpc::Status Cutover(grpc::ServerContext*, const v1::CutoverMigrationRequest*,
                       v1::Migration*) override {
    return No();
  }
  grpc::Status Rollback(grpc::ServerContext*, const v1::RollbackMigrationRequest*,
                        v1::Migration*) override {
    return No();
  }
  grpc::Status Finish(grpc::ServerContext*, const v1::FinishMigrationRequest*,
                      v1::Migration*) override {
    return No();
  }
  grpc::Status Cancel(grpc::ServerContext*, const v1::CancelMigrationRequest*,
                      v1::Migration*) override {
    return No();
  }
};

class ErasureServiceImpl final : public v1::ErasureService::Service {
  static grpc::Status No() { return NotYet("provable deletion (erase, receipt) is"); }

 public:
  grpc::Status Erase(grpc::ServerContext*, const v1::EraseRequest*, v1::Receipt*) override {
    return No();
  }
  grpc::Status GetReceipt(grpc::ServerContext*, const v1::GetReceiptRequest*,
                          v1::Receipt*) override {
    return No();
  }
  grpc::Status VerifyReceipt(grpc::ServerContext*, const v1::VerifyReceiptRequest*,
                             v1::VerifyReceiptResponse*) override {
    return No();
  }
};

}  // namespace

std::unique_ptr<grpc::Service> MakeMigrationService() {
  return std::make_unique<MigrationServiceImpl>();
}

std::unique_ptr<grpc::Service> MakeErasureService() {
  return std::make_unique<ErasureServiceImpl>();
}

}  // namespace drift
