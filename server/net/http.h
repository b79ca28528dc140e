// HTTP requests, one attempt each, over libcurl.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace drift {

// Names are compared without regard to case.
class HttpHeaders {
 public:
  void Add(std::string name, std::string value);
  // The first value of that name; nullopt if there is none.
  std::optional<std::string_view> Find(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

struct HttpRequest {
  enum class Method : uint8_t { kGet, kPost };
  Method method = Method::kPost;
  std::string url;      // http:// or https://
  HttpHeaders headers;  // may hold secrets: never logged, never in a message
  std::string body;     // of a POST
  // From the call to the last byte of the answer.
  std::chrono::milliseconds timeout{60'000};
  size_t max_response_bytes = 64u << 20;
};

struct HttpResponse {
  int status = 0;  // 100 to 599, whatever it says: a 500 is an answer too
  HttpHeaders headers;
  std::string body;
};

// An error after which the server may have received the whole request and done what it asks for:
// the connection broke, the time was up or the call was cancelled once the body was on its way.
// Where it is false the request had no effect.
bool MaybeSent(const Status& error);

struct HttpOptions {
  bool verify_tls = true;  // false only for tests and for servers with certificates of their own
  std::string ca_file;     // PEM; empty: the system's
  std::chrono::milliseconds connect_timeout{10'000};
  // An idle connection is used again up to this age; servers close theirs after 30 s and more.
  std::chrono::seconds max_idle{20};
  std::string user_agent = "driftd";
};

// Keeps connections open between calls: one per call that runs at the same time. Redirects are not
// followed (a key would go along), answers are not cached, proxies are taken from the environment
// (https_proxy, no_proxy). Safe for concurrent use; must outlive its calls.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // OK with any complete answer. Errors name the host, never a header, a query or a body:
  //   kInvalidArgument     the URL or a header is malformed
  //   kUnavailable         no connection, or it broke
  //   kDeadlineExceeded    request.timeout has passed
  //   kFailedPrecondition  the server's certificate is not trusted
  //   kAborted             the answer is larger than max_response_bytes or no HTTP
  //   kCancelled           `stop` was asked for; within some milliseconds
  StatusOr<HttpResponse> Send(const HttpRequest& request, const std::stop_token& stop);

 private:
  class Session;
  class Lease;
  struct Pool;
  const HttpOptions options_;
  const std::unique_ptr<Pool> pool_;
};

}  // namespace drift
