// A Qdrant server for a test (tests/support/qdrant.sh): the real one, or the façade over its
// engine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "tests/support/process.h"

namespace drift::testing {

// One thread at a time. The destructor kills the server and removes its data.
class QdrantServer {
 public:
  enum class Kind : uint8_t { kReal, kFacade };
  struct Options {
    Kind kind = Kind::kReal;
    std::string api_key;  // empty: everybody is let in
    bool tls = false;
    // Of the façade: limits and faults, as tests/fakes/qdrant_facade says.
    std::string faults;
  };
  // Whether there is a binary of the real server here.
  static bool HasReal();

  static StatusOr<std::unique_ptr<QdrantServer>> Start(Options options);
  ~QdrantServer();

  uint16_t port() const { return grpc_port_; }
  uint16_t rest_port() const { return rest_port_; }
  // qdrant://127.0.0.1:PORT/collection, or qdrants:// with its certificate named.
  std::string Uri(const std::string& collection) const;

  // Ends it; Run() starts it again with its data on the same port.
  void Stop();
  void Crash();
  Status Run();
  // Stops it from running, and lets it go on: a server that answers nothing.
  void Freeze();
  void Thaw();

  const TempDir& folder() const { return folder_; }
  std::string Output() const { return process_->Output(); }

 private:
  QdrantServer(Options options, uint16_t rest_port, uint16_t grpc_port)
      : options_(std::move(options)), rest_port_(rest_port), grpc_port_(grpc_port) {}

  const Options options_;
  const uint16_t rest_port_;
  const uint16_t grpc_port_;
  TempDir folder_;
  std::unique_ptr<Process> process_;
};

}  // namespace drift::testing
