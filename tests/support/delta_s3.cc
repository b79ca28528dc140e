#include "tests/support/delta_s3.h"

#include <signal.h>

#include <filesystem>

namespace drift::testing {
namespace {

constexpr char kAccessKey[] = "drifttest";
constexpr char kSecretKey[] = "drifttestsecret";
constexpr int kNotInstalled = 77;

}  // namespace

StatusOr<std::unique_ptr<S3Server>> S3Server::Start() {
  std::unique_ptr<S3Server> server(new S3Server(FreePort()));
  Process::Options options;
  options.args = {"tests/support/delta_s3.sh", server->folder(), std::to_string(server->port_)};
  options.environment = {{"ROOT_ACCESS_KEY", kAccessKey}, {"ROOT_SECRET_KEY", kSecretKey}};
  ASSIGN_OR_RETURN(server->process_, Process::Spawn(std::move(options)));
  const Status ready = server->process_->WaitForPort(server->port_);
  if (ready.ok()) return server;
  if (server->process_->WaitForExit(std::chrono::seconds(1)) == kNotInstalled) {
    return NotFound("{}", server->process_->Output());
  }
  return ready;
}

std::string S3Server::endpoint() const {
  return fmt::format("http://127.0.0.1:{}", port_);
}

void S3Server::MakeBucket(const std::string& name) {
  std::filesystem::create_directories(folder_ / name);
}

std::map<std::string, std::string> S3Server::Storage() const {
  return {{"endpoint", endpoint()},
          {"region", "us-east-1"},
          {"allow_http", "true"},
          {"access_key_id", kAccessKey},
          {"secret_access_key", kSecretKey}};
}

void S3Server::Freeze() {
  process_->Signal(SIGSTOP);
}
void S3Server::Thaw() {
  process_->Signal(SIGCONT);
}

}  // namespace drift::testing
