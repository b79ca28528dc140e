// A real PostgreSQL server with pgvector for a test (tests/support/postgres.sh).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "tests/support/process.h"

namespace drift::testing {

// One thread at a time. The destructor kills the server and removes its data.
class PostgresServer {
 public:
  struct Options {
    int major = 16;        // or 18
    std::string password;  // of the superuser; empty: everybody is trusted
  };
  static StatusOr<std::unique_ptr<PostgresServer>> Start(Options options);
  ~PostgresServer();

  uint16_t port() const { return port_; }
  // postgresql://drift@127.0.0.1:PORT/database
  std::string Uri(const std::string& database) const;
  // Makes a database and returns its URI.
  StatusOr<std::string> CreateDatabase(const std::string& name);

  // Fast shutdown: connections are ended. Run() starts it again with its data on the same port.
  Status Stop();
  Status Run();
  // As kill -9 of the machine: no shutdown. Run() recovers.
  void Crash();
  // Stops all its processes from running, and lets them go on: a server that answers nothing.
  void Freeze();
  void Thaw();

 private:
  PostgresServer(Options options, uint16_t port) : options_(std::move(options)), port_(port) {}
  void SignalAll(int signal);

  const Options options_;
  const uint16_t port_;
  TempDir folder_;
  std::unique_ptr<Process> process_;
  bool frozen_ = false;
};

// One server per version for the whole test program, started on the first call and stopped at its
// end. Aborts the program with the reason when it cannot be started.
PostgresServer& SharedPostgres(int major = 16);
// A new, empty database on it; its URI.
std::string FreshDatabase(int major = 16);

}  // namespace drift::testing
