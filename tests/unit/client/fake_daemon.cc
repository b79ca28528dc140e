#include "tests/unit/client/fake_daemon.h"

#include <fmt/core.h>

#include <chrono>

namespace drift::client {

void FakeDaemon::Start() {
  grpc::ServerBuilder builder;
  int chosen = 0;
  builder.AddListeningPort(fmt::format("127.0.0.1:{}", port_), grpc::InsecureServerCredentials(),
                           &chosen);
  for (grpc::Service* service : std::initializer_list<grpc::Service*>{
           &pipelines, &runs, &costs, &provenance, &dead_letters, &search, &models, &server}) {
    builder.RegisterService(service);
  }
  listening_ = builder.BuildAndStart();
  port_ = chosen;
}

void FakeDaemon::Stop() {
  if (listening_ == nullptr) return;
  listening_->Shutdown(std::chrono::system_clock::now());
  listening_->Wait();
  listening_.reset();
}

std::string FakeDaemon::address() const {
  return fmt::format("127.0.0.1:{}", port_);
}

}  // namespace drift::client
