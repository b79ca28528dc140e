#include "tests/unit/net_http/script_server.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

namespace drift {

bool Connection::Fill() {
  char chunk[65536];
  const ssize_t n = recv(fd_, chunk, sizeof(chunk), 0);
  if (n <= 0) return false;
  buffer_.append(chunk, static_cast<size_t>(n));
  return true;
}

std::string Connection::ReadHead() {
  size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return "";
  }
  std::string head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  return head;
}

std::string Connection::ReadRequest() {
  std::string head = ReadHead();
  const size_t at = head.find("Content-Length: ");
  const size_t length = at == std::string::npos ? 0 : std::strtoul(&head[at + 16], nullptr, 10);
  while (buffer_.size() < length) {
    if (!Fill()) return "";
  }
  head += buffer_.substr(0, length);
  buffer_.erase(0, length);
  return head;
}

bool Connection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

void Connection::Answer(std::string_view body, std::string_view more_headers) {
  Write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), more_headers,
                    body));
}

void Connection::Reset() {
  const linger hard{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

ScriptServer::ScriptServer(Handler handler) : handler_(std::move(handler)) {
  // What is on this machine is not asked for through a proxy.
  setenv("no_proxy", "127.0.0.1,nowhere.invalid", 1);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(listen(listener_, 64), 0);
  EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

ScriptServer::~ScriptServer() {
  {
    std::lock_guard lock(mu_);
    ending_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  ended_.notify_all();
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  for (const int fd : open_) close(fd);
  close(listener_);
}

std::string ScriptServer::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

void ScriptServer::Accept() {
  for (;;) {
    const int fd = accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    ++connections;
    std::lock_guard lock(mu_);
    if (ending_) {
      close(fd);
      return;
    }
    open_.push_back(fd);
    threads_.emplace_back([this, fd] {
      Connection connection(fd);
      handler_(connection, *this);
      std::lock_guard inner(mu_);
      // With the linger option set this is a reset; the number may be given out again afterwards.
      std::erase(open_, fd);
      close(fd);
    });
  }
}

void ScriptServer::WaitForEnd() {
  std::unique_lock lock(mu_);
  ended_.wait(lock, [this] { return ending_; });
}

void ScriptServer::WaitForRequests(int n) {
  while (requests < n) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace drift
