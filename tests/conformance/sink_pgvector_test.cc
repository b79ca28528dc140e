// pgvector, in both versions of PostgreSQL that the tests have.
#include <memory>

#include "net/pg.h"
#include "sinks/registry.h"
#include "tests/conformance/sink_suite.h"
#include "tests/support/postgres.h"

namespace drift::testing {
namespace {

class PgvectorStore final : public SinkStore {
 public:
  explicit PgvectorStore(int major) {
    auto server = PostgresServer::Start({.major = major});
    const auto database = server.ok() ? (*server)->CreateDatabase("vectors") : server.status();
    if (!database.ok()) {
      fmt::print(stderr, "PostgreSQL: {}\n", Message(database.status()));
      std::abort();
    }
    server_ = std::move(*server);
    base_ = *database;
    // Where one of the suite's names, "dot.ted", says its table is.
    auto options = PgOptionsFromUri(ParseUri(base_).value()).value();
    const auto connection = PgConnection::Open(options, {}).value();
    EXPECT_TRUE(connection->Script("CREATE SCHEMA dot", {}).ok());
  }

  StatusOr<std::unique_ptr<Sink>> Open(const std::string& collection) override {
    return OpenUri(base_ + "?table=" + PercentEncode(collection));
  }
  bool refuses_nul() const override { return true; }
  std::vector<std::string> refused_names() const override { return {".."}; }

  bool is_server() const override { return true; }
  std::unique_ptr<Sink> OpenAt(uint16_t port) override {
    return OpenUri(fmt::format("pg://drift@127.0.0.1:{}/vectors?table=docs", port)).value();
  }
  void Freeze() override { server_->Freeze(); }
  void Thaw() override { server_->Thaw(); }
  void StopServer() override { server_->Crash(); }
  void StartServer() override {
    const Status started = server_->Run();
    EXPECT_TRUE(started.ok()) << started;
  }

 private:
  static StatusOr<std::unique_ptr<Sink>> OpenUri(const std::string& text) {
    ASSIGN_OR_RETURN(const Uri uri, ParseUri(text));
    return OpenSink(uri);
  }

  std::unique_ptr<PostgresServer> server_;
  std::string base_;
};

SinkStore& Version16() {
  static PgvectorStore store(16);
  return store;
}

SinkStore& Version18() {
  static PgvectorStore store(18);
  return store;
}

INSTANTIATE_TEST_SUITE_P(Pgvector, SinkSuite,
                         ::testing::Values(SinkSuiteParam{"pg16", &Version16},
                                           SinkSuiteParam{"pg18", &Version18}),
                         SinkSuiteName);

}  // namespace
}  // namespace drift::testing
