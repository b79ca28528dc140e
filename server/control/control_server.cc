#include "control/control_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>
#include <cstdlib>

#include "control/services.h"

namespace drift {
namespace {

// A low cap refuses instead of queueing; every open Follow() holds one.
constexpr int kMaxThreads = 256;
constexpr int kMaxMessageBytes = 16 << 20;

}  // namespace

struct ControlServer::Impl {
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlServer::~ControlServer() = default;

StatusOr<std::unique_ptr<ControlServer>> ControlServer::Start(const std::string& address,
                                                              const ControlParts& parts) {
  static const bool once = [] {
    // The library would say in its own words, at length, what our one line says.
    setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  (void)once;
  auto impl = std::make_unique<Impl>();
  impl->services.push_back(MakePipelineService(parts));
  impl->services.push_back(MakeRunService(parts));
  impl->services.push_back(MakeCostService(parts));
  impl->services.push_back(MakeProvenanceService(parts));
  impl->services.push_back(MakeDeadLetterService(parts));
  impl->services.push_back(MakeSearchService(parts));
  impl->services.push_back(MakeModelService(parts));
  impl->services.push_back(MakeServerService(parts));
  impl->services.push_back(MakeMigrationService());
  impl->services.push_back(MakeErasureService());

  grpc::ServerBuilder builder;
  // Another process on the same port must be an error, not a second listener.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &impl->port);
  grpc::ResourceQuota quota("control");
  quota.SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  for (const auto& service : impl->services) builder.RegisterService(service.get());
  impl->server = builder.BuildAndStart();
  if (!impl->server || impl->port == 0) {
    return Unavailable("{}: cannot listen there (is the port taken?)", address);
  }
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));
}

int ControlServer::port() const {
  return impl_->port;
}

void ControlServer::Drain() {
  if (auto* health = impl_->server->GetHealthCheckService()) health->SetServingStatus(false);
}

void ControlServer::Stop(Duration grace) {
  impl_->server->Shutdown(std::chrono::system_clock::now() +
                          std::chrono::duration_cast<std::chrono::system_clock::duration>(grace));
  impl_->server->Wait();
}

}  // namespace drift
