#include <fmt/core.h>

#include <ostream>

#include "client/commands.h"
#include "client/version.h"
#include "drift/v1/server.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::ServerService;

std::string WithCommit(const std::string& version, const std::string& commit) {
  return commit.empty() ? version : fmt::format("{} ({})", version, commit);
}

}  // namespace

int ShowVersion(Session& session) {
  drift::v1::Versions versions;
  versions.set_client(kVersion);
  drift::v1::Server server;
  const grpc::Status status = session.Call<ServerService>(&ServerService::StubInterface::Get,
                                                          drift::v1::GetServerRequest(), &server);
  if (status.ok()) *versions.mutable_server() = server;
  if (!session.PrintedFor(versions)) {
    session.host().out << fmt::format("driftctl {}\n", kVersion);
    if (status.ok()) {
      session.host().out << fmt::format(
          "driftd   {} at {}\n", WithCommit(server.version(), server.commit()), session.server());
    }
  }
  // Its own version is known without a daemon, and printed; the code says that there is none.
  return status.ok() ? kExitDone : session.Fail(status);
}

}  // namespace drift::client
