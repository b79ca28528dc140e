// The only file that sees Beast.
#include "metrics/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <list>
#include <thread>

namespace drift {
// Named, and not anonymous: HttpServer::Impl holds them, and a file may be compiled with others.
namespace http_internal {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int kAnsweringThreads = 2;
// Out of file descriptors: accepting again at once would turn in circles.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

class Connection;
// Oldest first. Touched by the network thread only.
using Connections = std::list<std::shared_ptr<Connection>>;

struct Shared {
  asio::io_context network{1};
  asio::thread_pool answering{kAnsweringThreads};
  std::map<std::string, HttpRoute> routes;
  HttpLimits limits;
  Connections connections;
};

inline HttpReply Answer(const HttpRoute& route) {
  try {
    return route.answer();
  } catch (const std::exception& error) {
    return {500, "text/plain; charset=utf-8", fmt::format("error: {}\n", error.what())};
  }
}

// One client. All methods run on the network thread; only making an answer may be elsewhere.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Shared& shared, tcp::socket socket) : shared_(shared), stream_(std::move(socket)) {}

  void Enter() {
    shared_.connections.push_back(shared_from_this());
    place_ = std::prev(shared_.connections.end());
    Read();
  }

  // Whatever waits on the stream ends with an error, and the last reference goes.
  void Close() {
    if (closed_) return;
    closed_ = true;
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
    shared_.connections.erase(place_);
  }

  bool reading() const { return reading_; }

 private:
  void Read() {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(shared_.limits.max_request_bytes));
    parser_->body_limit(0);
    // Set once: bytes that drip in do not prolong it.
    stream_.expires_after(shared_.limits.patience);
    reading_ = true;
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, size_t) { self->Read(error); });
  }

  void Read(error_code error) {
    reading_ = false;
    if (closed_) return;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return Refuse(431, "the request's headers are too large\n");
    }
    if (error == http::error::body_limit) return Refuse(413, "a request has no body here\n");
    if (error == http::error::end_of_stream || error == beast::error::timeout) return Close();
    if (error.category() == make_error_code(http::error::bad_method).category()) {
      return Refuse(400, "not an HTTP request\n");
    }
    if (error) return Close();
    stream_.expires_never();
    Dispatch();
  }

  void Refuse(int status, std::string why) {
    keep_alive_ = false;
    Write({status, "text/plain; charset=utf-8", std::move(why)});
  }

  void Dispatch() {
    const auto& request = parser_->get();
    keep_alive_ = request.keep_alive();
    head_only_ = request.method() == http::verb::head;
    if (request.method() != http::verb::get && !head_only_) {
      return Write({405, "text/plain; charset=utf-8", "only GET and HEAD\n"});
    }
    const std::string_view target(request.target().data(), request.target().size());
    const auto route = shared_.routes.find(std::string(target.substr(0, target.find('?'))));
    if (route == shared_.routes.end()) {
      return Write({404, "text/plain; charset=utf-8", NotFoundText()});
    }
    if (route->second.immediate) return Write(Answer(route->second));
    asio::post(shared_.answering, [self = shared_from_this(), &route = route->second] {
      HttpReply reply = Answer(route);
      asio::post(self->shared_.network, [self, reply = std::move(reply)]() mutable {
        if (!self->closed_) self->Write(std::move(reply));
      });
    });
  }

  std::string NotFoundText() const {
    std::string text = "nothing here; there is:";
    for (const auto& [path, route] : shared_.routes) text += " " + path;
    return text + "\n";
  }

  void Write(HttpReply reply) {
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(reply.status));
    response_.set(http::field::content_type, reply.content_type);
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    if (reply.status == 405) response_.set(http::field::allow, "GET, HEAD");
    response_.keep_alive(keep_alive_);
    response_.content_length(reply.body.size());
    if (!head_only_) response_.body() = std::move(reply.body);
    stream_.expires_after(shared_.limits.patience);
    serializer_.emplace(response_);
    const auto done = [self = shared_from_this()](error_code error, size_t) { self->Wrote(error); };
    if (head_only_) {
      http::async_write_header(stream_, *serializer_, done);
    } else {
      http::async_write(stream_, *serializer_, done);
    }
  }

  void Wrote(error_code error) {
    if (closed_) return;
    if (error || !keep_alive_) return Close();
    head_only_ = false;
    // The end of the line is for those that were heard last.
    shared_.connections.splice(shared_.connections.end(), shared_.connections, place_);
    Read();
  }

  Shared& shared_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  Connections::iterator place_;
  bool reading_ = false;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool closed_ = false;
};

}  // namespace http_internal

using namespace http_internal;  // NOLINT: this file's own

struct HttpServer::Impl {
  explicit Impl(std::map<std::string, HttpRoute> routes, const HttpLimits& limits)
      : acceptor(shared.network), pause(shared.network) {
    shared.routes = std::move(routes);
    shared.limits = limits;
  }

  ~Impl() {
    asio::post(shared.network, [this] {
      stopping = true;
      acceptor.close();
      pause.cancel();
      while (!shared.connections.empty()) shared.connections.front()->Close();
    });
    // Answers being made end first: they refer to what the caller takes down after us.
    shared.answering.join();
    if (thread.joinable()) thread.join();
  }

  Status Listen(const std::string& listen) {
    const size_t colon = listen.rfind(':');
    std::string host = listen.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (colon == std::string::npos || host.empty()) {
      return InvalidArgument("'{}' is not HOST:PORT", listen);
    }
    error_code error;
    tcp::resolver resolver(shared.network);
    const auto found =
        resolver.resolve(host, listen.substr(colon + 1),
                         tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (error || found.empty()) {
      return InvalidArgument("{}: no such address ({})", listen, error.message());
    }
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error == boost::system::errc::address_not_available) {
      return InvalidArgument("{}: this machine has no such address", listen);
    }
    if (error == asio::error::address_in_use) {
      return Unavailable("{}: the port is taken; stop what uses it or choose another", listen);
    }
    if (error) return Unavailable("{}: {}", listen, error.message());
    port = acceptor.local_endpoint().port();
    address = fmt::format("{}:{}", listen.substr(0, colon), port);
    return OkStatus();
  }

  void Run() {
    Accept();
    thread = std::thread([this] { shared.network.run(); });
  }

  void Accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      if (stopping) return;
      if (error) {
        pause.expires_after(kAcceptPause);
        pause.async_wait([this](error_code) {
          if (!stopping) Accept();
        });
        return;
      }
      MakeRoom();
      std::make_shared<Connection>(shared, std::move(socket))->Enter();
      Accept();
    });
  }

  // Those that have not asked anything are pushed out before those that wait for an answer.
  void MakeRoom() {
    if (shared.connections.size() < shared.limits.max_connections) return;
    for (const auto& connection : shared.connections) {
      if (connection->reading()) return std::shared_ptr(connection)->Close();
    }
    std::shared_ptr(shared.connections.front())->Close();
  }

  Shared shared;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::thread thread;
  bool stopping = false;  // of the network thread
  uint16_t port = 0;
  std::string address;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

uint16_t HttpServer::port() const {
  return impl_->port;
}
const std::string& HttpServer::address() const {
  return impl_->address;
}

StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& listen,
                                                        std::map<std::string, HttpRoute> routes,
                                                        const HttpLimits& limits) {
  auto impl = std::make_unique<Impl>(std::move(routes), limits);
  RETURN_IF_ERROR(impl->Listen(listen));
  impl->Run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace drift
