#include "metrics/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "tests/unit/metrics/raw_http.h"

namespace drift {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;  // NOLINT: durations

class HttpServerTest : public testing::Test {
 protected:
  void StartServer(const HttpLimits& limits = {}) {
    routes_["/hello"] = {[] { return HttpReply{.body = "hello\n"}; }, true};
    routes_["/large"] = {[] { return HttpReply{.body = std::string(8 << 20, 'x')}; }, false};
    routes_["/throws"] = {[]() -> HttpReply { throw std::runtime_error("broken"); }, false};
    auto server = HttpServer::Start("127.0.0.1:0", routes_, limits);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::map<std::string, HttpRoute> routes_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, Answers) {
  StartServer();
  EXPECT_EQ(server_->address(), fmt::format("127.0.0.1:{}", server_->port()));
  const std::string answer = Get(server_->port(), "/hello?x=1");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_EQ(Body(answer), "hello\n");
  EXPECT_EQ(Body(Get(server_->port(), "/large")).size(), 8u << 20);
}

TEST_F(HttpServerTest, RefusesWhatItDoesNotKnow) {
  StartServer();
  EXPECT_THAT(Get(server_->port(), "/none"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_EQ(Body(Get(server_->port(), "/none")), "nothing here; there is: /hello /large /throws\n");
  EXPECT_THAT(Get(server_->port(), "/throws"), StartsWith("HTTP/1.1 500 "));

  RawClient post(server_->port());
  post.Send("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const std::string answer = post.Receive();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));

  RawClient body(server_->port());
  body.Send("GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde");
  EXPECT_THAT(body.Receive(), StartsWith("HTTP/1.1 413 "));

  RawClient garbage(server_->port());
  garbage.Send("\x16\x03\x01 this is no HTTP\r\n\r\n");
  EXPECT_THAT(garbage.Receive(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  StartServer();
  RawClient client(server_->port());
  client.Send("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.Receive();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_EQ(Body(answer), "");
}

TEST_F(HttpServerTest, KeepsAConnectionAlive) {
  StartServer();
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_EQ(Body(client.Receive("hello\n")), "hello\n");
  }
  // Requests that come at once are answered one after the other.
  client.Send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.Receive("/throws\n"), HasSubstr("404 Not Found"));
}

TEST_F(HttpServerTest, BoundsTheRequest) {
  StartServer();
  RawClient client(server_->port());
  client.Send("GET /hello HTTP/1.1\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n");
  EXPECT_THAT(client.Receive("\r\n"), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, DropsClientsThatKeepItWaiting) {
  StartServer({.patience = 100ms});
  RawClient silent(server_->port());
  RawClient dripping(server_->port());
  std::atomic<bool> done{false};
  std::thread drip([&] {
    while (!done && dripping.Send("G")) std::this_thread::sleep_for(10ms);
  });
  EXPECT_EQ(silent.Receive(), "");
  dripping.Receive();
  done = true;
  drip.join();
  EXPECT_THAT(Get(server_->port(), "/hello"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, DropsClientsThatDoNotTakeTheAnswer) {
  StartServer({.patience = 100ms});
  RawClient client(server_->port());
  client.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  std::this_thread::sleep_for(500ms);
  EXPECT_LT(client.Receive().size(), 8u << 20);
  EXPECT_THAT(Get(server_->port(), "/hello"), StartsWith("HTTP/1.1 200 OK"));
}

// Many silent clients do not keep a probe out.
TEST_F(HttpServerTest, SilentClientsArePushedOut) {
  StartServer({.patience = 60s, .max_connections = 4});
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(std::make_unique<RawClient>(server_->port()));
  EXPECT_THAT(Get(server_->port(), "/hello"), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(silent.front()->Receive(), "");
}

TEST_F(HttpServerTest, ImmediateRoutesDoNotWaitForSlowOnes) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  routes_["/slow"] = {[released] {
                        released.wait();
                        return HttpReply{.body = "slow\n"};
                      },
                      false};
  StartServer();
  std::vector<std::future<std::string>> slow;
  for (int i = 0; i < 5; ++i) {
    slow.push_back(std::async(std::launch::async, [&] { return Get(server_->port(), "/slow"); }));
  }
  EXPECT_THAT(Get(server_->port(), "/hello"), StartsWith("HTTP/1.1 200 OK"));
  release.set_value();
  for (auto& answer : slow) EXPECT_EQ(Body(answer.get()), "slow\n");
}

TEST_F(HttpServerTest, EndsWithClientsConnected) {
  StartServer();
  RawClient idle(server_->port());
  RawClient half(server_->port());
  half.Send("GET /hel");
  const uint16_t port = server_->port();
  server_.reset();
  EXPECT_EQ(idle.Receive(), "");
  EXPECT_EQ(half.Receive(), "");
  EXPECT_FALSE(RawClient(port).connected());
}

TEST_F(HttpServerTest, ManyAtOnce) {
  StartServer();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        if (Body(Get(server_->port(), "/hello")) == "hello\n") ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

TEST_F(HttpServerTest, WrongAddresses) {
  StartServer();
  const std::string taken = server_->address();
  const auto second = HttpServer::Start(taken, {});
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(Message(second.status()),
            taken + ": the port is taken; stop what uses it or choose another");
  // TEST-NET-1 of RFC 5737: no machine has it.
  const auto elsewhere = HttpServer::Start("192.0.2.1:0", {});
  EXPECT_EQ(elsewhere.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(elsewhere.status()), "192.0.2.1:0: this machine has no such address");
  EXPECT_EQ(HttpServer::Start("9464", {}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace drift
