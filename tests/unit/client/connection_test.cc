#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "tests/unit/client/client_test_base.h"

namespace drift::client {
namespace {

using testing::HasSubstr;

class ConnectionTest : public ClientTest {};

TEST_F(ConnectionTest, NobodyThere) {
  const std::string address = daemon_.address();
  daemon_.Stop();
  const Outcome outcome = Run({"status"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "error: no daemon at " + address +
                " (connection refused). Start one with: driftd    or name another with "
                "--server HOST:PORT\n");
}

TEST_F(ConnectionTest, NoSuchHost) {
  const Outcome outcome = RunBare({"--server", "no-such-host.invalid", "status"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("no daemon at no-such-host.invalid:7433 (no such host)."));
}

// Its own version is known all the same.
TEST_F(ConnectionTest, VersionWithoutADaemon) {
  daemon_.Stop();
  const Outcome outcome = Run({"version"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.out, testing::StartsWith("driftctl 0."));
  EXPECT_THAT(outcome.err, HasSubstr("connection refused"));
}

// A listener that accepts and says nothing, or says something else.
class OddListener {
 public:
  explicit OddListener(const std::string& says) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(fd_, 16), 0);
    socklen_t size = sizeof(address);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, says] {
      for (int client = 0; (client = ::accept(fd_, nullptr, nullptr)) >= 0;) {
        if (!says.empty()) ::send(client, says.data(), says.size(), MSG_NOSIGNAL);
        clients_.push_back(client);
      }
    });
  }
  ~OddListener() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    for (const int client : clients_) ::close(client);
    ::close(fd_);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int fd_ = -1;
  int port_ = 0;
  std::thread thread_;
  std::vector<int> clients_;
};

TEST_F(ConnectionTest, SomethingThatNeverAnswers) {
  OddListener silent("");
  const Outcome outcome = RunBare({"--server", silent.address(), "--timeout", "300ms", "status"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("(no answer)"));
}

TEST_F(ConnectionTest, AnHttpPort) {
  OddListener http("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  const Outcome outcome = RunBare({"--server", http.address(), "--timeout", "5s", "status"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("does not speak gRPC"));
}

TEST_F(ConnectionTest, ADaemonTooSlow) {
  daemon_.pipelines.Status_.Set([](const v1::StatusRequest&, v1::StatusResponse&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return grpc::Status();
  });
  const Outcome outcome = Run({"--timeout", "100ms", "status"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "error: no answer within 100 ms; allow more with --timeout\n");
}

// A daemon that stops, or is killed, in the middle of a call.
TEST_F(ConnectionTest, CutOffInTheMiddle) {
  std::thread stopper;
  std::once_flag once;  // gRPC may try the call again by itself
  daemon_.pipelines.Status_.Set([&](const v1::StatusRequest&, v1::StatusResponse&) {
    std::call_once(once, [&] { stopper = std::thread([&] { daemon_.StopAtOnce(); }); });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return grpc::Status();
  });
  const Outcome outcome = Run({"status"});
  stopper.join();
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err,
              testing::AnyOf(HasSubstr("(it is stopping)"), HasSubstr("(the connection was cut)")));
}

struct Refusal {
  grpc::StatusCode code;
  std::string message;
  int exit_code;
  std::string shown;
};
class RefusalTest : public ClientTest, public testing::WithParamInterface<Refusal> {};

TEST_P(RefusalTest, ShownInTheDaemonsWords) {
  daemon_.pipelines.Status_.Fail(GetParam().code, GetParam().message);
  const Outcome outcome = Run({"status"});
  EXPECT_EQ(outcome.code, GetParam().exit_code);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusalTest,
    testing::Values(
        Refusal{grpc::NOT_FOUND,
                "./nowhere: no Delta table here (no _delta_log folder). The path is read by the "
                "daemon, on its machine. [TABLE_NOT_FOUND]",
                1,
                "error: ./nowhere: no Delta table here (no _delta_log folder). The path is read by "
                "the daemon, on its machine.\n"},
        Refusal{grpc::INVALID_ARGUMENT, "--limit must be at least 0", 2,
                "error: --limit must be at least 0\n"},
        Refusal{grpc::FAILED_PRECONDITION, "docs is declared in driftd.yaml; change it there", 1,
                "error: docs is declared in driftd.yaml; change it there\n"},
        // The daemon is there: it says itself that something else is away.
        Refusal{grpc::UNAVAILABLE, "the ledger does not answer; try again", 1,
                "error: the ledger does not answer; try again\n"},
        Refusal{grpc::INTERNAL, "", 1, "error: the daemon answered with code 13 and no words\n"},
        Refusal{grpc::INVALID_ARGUMENT, "f:1:1: a: is missing\nf:2:1: b: is missing", 2,
                "f:1:1: a: is missing\nf:2:1: b: is missing\n2 errors\n"},
        Refusal{grpc::NOT_FOUND, "no \x1b[31mrun\x1b[0m [not a word]", 1,
                "error: no \xEF\xBF\xBD[31mrun\xEF\xBF\xBD[0m [not a word]\n"}));

}  // namespace
}  // namespace drift::client
