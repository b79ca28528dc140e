#include "tests/support/postgres.h"

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/clock.h"
#include "base/text_file.h"
#include "base/uri.h"
#include "net/pg.h"

namespace drift::testing {
namespace {

constexpr int kAttempts = 5;

// Processes whose parent is `parent`: PostgreSQL gives each of its own a session.
std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> out;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid == 0) continue;
    const std::string stat = ReadTextFile(entry.path() / "stat").value_or("");
    // "123 (name) S 77 ...": the name may contain anything.
    const size_t close = stat.rfind(')');
    if (close == std::string::npos || stat.size() < close + 4) continue;
    if (std::atoi(stat.c_str() + close + 4) == parent) out.push_back(pid);
  }
  return out;
}

}  // namespace

StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Start(Options options) {
  Status last;
  // The port may be taken between choosing and listening.
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::unique_ptr<PostgresServer> server(new PostgresServer(options, FreePort()));
    last = server->Run();
    if (last.ok()) return server;
  }
  return last;
}

PostgresServer::~PostgresServer() {
  if (frozen_) Thaw();
  if (process_ != nullptr) Stop().IgnoreError();
}

Status PostgresServer::Run() {
  Process::Options options;
  options.args = {"tests/support/postgres.sh", folder_.path(), std::to_string(port_),
                  std::to_string(options_.major)};
  options.environment["POSTGRES_PASSWORD"] = options_.password;
  ASSIGN_OR_RETURN(process_, Process::Spawn(std::move(options)));
  return process_->WaitForOutput("database system is ready to accept connections");
}

Status PostgresServer::Stop() {
  process_->Signal(SIGINT);
  if (!process_->WaitForExit()) return DeadlineExceeded("PostgreSQL does not stop");
  process_ = nullptr;
  return OkStatus();
}

void PostgresServer::Crash() {
  process_->Signal(SIGQUIT);  // ends without a checkpoint, and takes its children along
  process_->WaitForExit();
  process_ = nullptr;
}

void PostgresServer::SignalAll(int signal) {
  for (const pid_t pid : ChildrenOf(process_->pid())) kill(pid, signal);
  process_->Signal(signal);
}

void PostgresServer::Freeze() {
  // The parent first, so that it starts no more.
  process_->Signal(SIGSTOP);
  SignalAll(SIGSTOP);
  frozen_ = true;
}

void PostgresServer::Thaw() {
  SignalAll(SIGCONT);
  frozen_ = false;
}

std::string PostgresServer::Uri(const std::string& database) const {
  return fmt::format("postgresql://drift@127.0.0.1:{}/{}", port_, PercentEncode(database));
}

StatusOr<std::string> PostgresServer::CreateDatabase(const std::string& name) {
  PgOptions options;
  options.host = "127.0.0.1";
  options.port = port_;
  options.user = "drift";
  options.password = Secret(options_.password);
  options.database = "postgres";
  ASSIGN_OR_RETURN(const auto connection, PgConnection::Open(options, {}));
  ASSIGN_OR_RETURN(const std::string quoted, PgQuote(name));
  RETURN_IF_ERROR(connection->Script("CREATE DATABASE " + quoted, {}));
  return Uri(name);
}

PostgresServer& SharedPostgres(int major) {
  Clock::Real();  // made first, so that it outlives the servers
  static std::map<int, std::unique_ptr<PostgresServer>> servers;
  std::unique_ptr<PostgresServer>& server = servers[major];
  if (server != nullptr) return *server;
  auto started = PostgresServer::Start({.major = major});
  if (!started.ok()) {
    std::fprintf(stderr, "PostgreSQL: %s\n", std::string(Message(started.status())).c_str());
    std::abort();
  }
  server = std::move(*started);
  return *server;
}

std::string FreshDatabase(int major) {
  static int count = 0;
  PostgresServer& server = SharedPostgres(major);
  auto uri = server.CreateDatabase(fmt::format("test{}", ++count));
  if (uri.ok()) return *uri;
  std::fprintf(stderr, "PostgreSQL: %s\n", std::string(Message(uri.status())).c_str());
  std::abort();
}

}  // namespace drift::testing
