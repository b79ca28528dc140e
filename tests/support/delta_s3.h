// A real S3 server for a test (tests/support/delta_s3.sh): buckets are folders, objects are files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "tests/support/process.h"

namespace drift::testing {

// One thread at a time. The destructor kills the server and removes its objects.
class S3Server {
 public:
  // kNotFound: the server is not installed; say so and skip the test.
  static StatusOr<std::unique_ptr<S3Server>> Start();

  uint16_t port() const { return port_; }
  std::string endpoint() const;
  // Where the objects lie: folder()/BUCKET/KEY.
  std::string folder() const { return folder_.path(); }
  void MakeBucket(const std::string& name);
  // What a Delta table's storage options must be.
  std::map<std::string, std::string> Storage() const;

  // Stops it from running, and lets it go on: a server that answers nothing.
  void Freeze();
  void Thaw();

 private:
  explicit S3Server(uint16_t port) : port_(port) {}

  const uint16_t port_;
  TempDir folder_;
  std::unique_ptr<Process> process_;
};

}  // namespace drift::testing
