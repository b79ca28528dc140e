// The HTTP listener: metrics, probes and the console's pages. Answers GET and HEAD, reads no
// bodies.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace drift {

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct HttpRoute {
  std::function<HttpReply()> answer;
  // Answers at once, whatever else goes on: not queued behind routes that wait for something.
  bool immediate = false;
};

struct HttpLimits {
  size_t max_request_bytes = 8 << 10;  // request line and headers
  // A client that has not sent its request, or not taken the answer, in this time is dropped.
  std::chrono::milliseconds patience{5'000};
  // More of them push out the one that has been silent longest.
  size_t max_connections = 64;
};

// Owned by the composition root. The constructor's thread may be any; so may the destructor's,
// which waits for answers being made and closes all connections.
class HttpServer {
 public:
  // `listen` is HOST:PORT; port 0: any free one. `routes` by path. Starts to answer at once.
  // kInvalidArgument: no such address here. kUnavailable: the port is taken.
  static StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& listen,
                                                     std::map<std::string, HttpRoute> routes,
                                                     const HttpLimits& limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;
  // "127.0.0.1:9464", "[::1]:9464": what to connect to.
  const std::string& address() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace drift
