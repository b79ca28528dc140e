// A TCP server on a free loopback port whose behaviour is a function: for what no decent HTTP
// server does (resets, half answers, silence).
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace drift {

// One accepted connection; closed at the end of the handler.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}

  // Reads one request: its head with the empty line, and a body as Content-Length says. Empty when
  // the client has closed the connection.
  std::string ReadRequest();
  std::string ReadHead();
  // False: the client has gone.
  bool Write(std::string_view bytes);
  // Answers 200 with `body`, to be kept open.
  void Answer(std::string_view body, std::string_view more_headers = "");
  // Makes the close a reset.
  void Reset();

 private:
  bool Fill();
  int fd_;
  std::string buffer_;
};

class ScriptServer {
 public:
  using Handler = std::function<void(Connection&, ScriptServer&)>;
  explicit ScriptServer(Handler handler);
  ~ScriptServer();

  int port() const { return port_; }
  std::string url(std::string_view path = "/") const;

  // How many connections were accepted, how many requests were read to their end.
  std::atomic<int> connections{0};
  std::atomic<int> requests{0};

  // For handlers that hang: returns when the server is being destroyed.
  void WaitForEnd();
  // For tests: waits until `requests` has reached `n`.
  void WaitForRequests(int n);

 private:
  void Accept();

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::mutex mu_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
  std::vector<int> open_;
  std::thread acceptor_;
};

}  // namespace drift
