#include "tests/support/qdrant.h"

#include <signal.h>

#include "base/uri.h"

namespace drift::testing {
namespace {

constexpr char kScript[] = "tests/support/qdrant.sh";
constexpr int kAttempts = 5;

bool FindBinary() {
  auto process = Process::Spawn({.args = {kScript, "--find"}});
  return process.ok() && (*process)->WaitForExit() == 0;
}

}  // namespace

bool QdrantServer::HasReal() {
  static const bool found = FindBinary();
  return found;
}

StatusOr<std::unique_ptr<QdrantServer>> QdrantServer::Start(Options options) {
  Status last;
  // A port may be taken between choosing and listening.
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::unique_ptr<QdrantServer> server(new QdrantServer(options, FreePort(), FreePort()));
    last = server->Run();
    if (last.ok()) return server;
  }
  return last;
}

QdrantServer::~QdrantServer() = default;

Status QdrantServer::Run() {
  Process::Options spawn;
  spawn.args = {kScript, folder_.path(), std::to_string(rest_port_), std::to_string(grpc_port_),
                options_.kind == Kind::kReal ? "real" : "facade"};
  spawn.environment = {{"QDRANT_API_KEY", options_.api_key},
                       {"QDRANT_TLS", options_.tls ? "1" : ""},
                       {"QDRANT_FACADE", options_.faults}};
  ASSIGN_OR_RETURN(process_, Process::Spawn(std::move(spawn)));
  return process_->WaitForPort(grpc_port_);
}

void QdrantServer::Stop() {
  process_->Signal(SIGTERM);
  process_->WaitForExit();
}

void QdrantServer::Crash() {
  process_->Signal(SIGKILL);
  process_->WaitForExit();
}

void QdrantServer::Freeze() {
  process_->Signal(SIGSTOP);
}

void QdrantServer::Thaw() {
  process_->Signal(SIGCONT);
}

std::string QdrantServer::Uri(const std::string& collection) const {
  const std::string path = PercentEncode(collection);
  if (!options_.tls) return fmt::format("qdrant://127.0.0.1:{}/{}", grpc_port_, path);
  return fmt::format("qdrants://127.0.0.1:{}/{}?ca_file={}", grpc_port_, path,
                     folder_ / "cert.pem");
}

}  // namespace drift::testing
