// A client made of plain sockets, so that tests can misbehave as they like.
#pragma once

#include <cstdint>
#include <string>

namespace drift {

class RawClient {
 public:
  explicit RawClient(uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return fd_ >= 0; }
  // False: the other side is gone.
  bool Send(const std::string& bytes);
  // All until the other side closes, or `enough` has been seen.
  std::string Receive(const std::string& enough = "");

 private:
  int fd_ = -1;
};

// The whole answer to "GET target", connection closed after it.
std::string Get(uint16_t port, const std::string& target);
std::string Body(const std::string& answer);

}  // namespace drift
