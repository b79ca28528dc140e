// TLS: on and checked unless told otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http.h"
#include "tests/support/process.h"

namespace drift::testing {
namespace {

using ::testing::HasSubstr;

// openssl's own test server with a certificate of its own making for 127.0.0.1; it answers any GET.
class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto request =
        Process::Spawn({.args = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                                 "/CN=drift-test", "-addext", "subjectAltName=IP:127.0.0.1",
                                 "-keyout", folder_ / "key.pem", "-out", folder_ / "cert.pem"}});
    ASSERT_TRUE(request.ok()) << request.status();
    ASSERT_EQ((*request)->WaitForExit(), 0) << (*request)->Output();
    port_ = FreePort();
    auto server = Process::Spawn(
        {.args = {"openssl", "s_server", "-accept", fmt::format("127.0.0.1:{}", port_), "-cert",
                  folder_ / "cert.pem", "-key", folder_ / "key.pem", "-www", "-quiet"}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(server).value();
    ASSERT_TRUE(server_->WaitForPort(port_).ok()) << server_->Output();
  }

  StatusOr<HttpResponse> Get(HttpOptions options, std::string_view host = "127.0.0.1") {
    HttpClient client(std::move(options));
    HttpRequest request;
    request.method = HttpRequest::Method::kGet;
    request.url = fmt::format("https://{}:{}/", host, port_);
    return client.Send(request, {});
  }

  TempDir folder_;
  uint16_t port_ = 0;
  std::unique_ptr<Process> server_;
};

TEST_F(TlsTest, ACertificateNobodySignedIsRefused) {
  const auto response = Get({});
  EXPECT_EQ(response.status().code(), StatusCode::kFailedPrecondition) << response.status();
  EXPECT_THAT(std::string(Message(response.status())),
              HasSubstr("its TLS certificate is not trusted"));
  EXPECT_FALSE(MaybeSent(response.status()));
}

TEST_F(TlsTest, ACertificateThatIsNamedIsTrusted) {
  const auto response = Get({.ca_file = folder_ / "cert.pem"});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 200);
}

TEST_F(TlsTest, ACertificateForAnotherHostIsRefused) {
  const auto response = Get({.ca_file = folder_ / "cert.pem"}, "localhost");
  EXPECT_EQ(response.status().code(), StatusCode::kFailedPrecondition) << response.status();
}

TEST_F(TlsTest, AMissingFileOfCertificatesIsSaid) {
  const auto response = Get({.ca_file = "/nowhere/ca.pem"});
  EXPECT_EQ(response.status().code(), StatusCode::kFailedPrecondition) << response.status();
}

TEST_F(TlsTest, PlainTextToATlsServerIsNoAnswer) {
  HttpClient client;
  HttpRequest request;
  request.url = fmt::format("http://127.0.0.1:{}/", port_);
  EXPECT_FALSE(client.Send(request, {}).ok());
}

}  // namespace
}  // namespace drift::testing
