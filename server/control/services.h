// The gRPC services: check, call, convert; a few lines each. All are safe for concurrent use and
// live as long as the server. What they lack is in proto/drift/v1, where every method says its
// errors.
#pragma once

#include <grpcpp/impl/codegen/service_type.h>

#include <memory>
#include <string>
#include <vector>

#include "control/control_server.h"

namespace drift {

std::unique_ptr<grpc::Service> MakePipelineService(const ControlParts& parts);
std::unique_ptr<grpc::Service> MakeRunService(const ControlParts& parts);
std::unique_ptr<grpc::Service> MakeCostService(const ControlParts& parts);
std::unique_ptr<grpc::Service> MakeProvenanceService(const ControlParts& parts);
std::unique_ptr<grpc::Service> MakeDeadLetterService(const ControlParts& parts);
std::unique_ptr<grpc::Service> MakeSearchService(const ControlParts& parts);
std::unique_ptr<grpc::Service> MakeModelService(const ControlParts& parts);
std::unique_ptr<grpc::Service> MakeServerService(const ControlParts& parts);
// Migrations and erasure: not in this release.
std::unique_ptr<grpc::Service> MakeMigrationService();
std::unique_ptr<grpc::Service> MakeErasureService();

}  // namespace drift
