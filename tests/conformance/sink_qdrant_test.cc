// Qdrant: the real server where there is one, and the façade over its engine.
#include <memory>

#include "sinks/registry.h"
#include "tests/conformance/sink_suite.h"
#include "tests/support/qdrant.h"

namespace drift::testing {
namespace {

class QdrantStore final : public SinkStore {
 public:
  explicit QdrantStore(QdrantServer::Kind kind) {
    auto server = QdrantServer::Start({.kind = kind});
    if (!server.ok()) {
      fmt::print(stderr, "Qdrant: {}\n", Message(server.status()));
      std::abort();
    }
    server_ = std::move(*server);
  }

  StatusOr<std::unique_ptr<Sink>> Open(const std::string& collection) override {
    return OpenUri(server_->Uri(collection));
  }
  bool rounds_vectors() const override { return true; }
  std::vector<std::string> refused_names() const override {
    return {"quo\"te", "back\\slash", "$dollar $1 ?1 :name @at", ".."};
  }
  bool can_filter_by(const std::string& column) const override {
    return column.find_first_of("\"\\") == std::string::npos;
  }

  bool is_server() const override { return true; }
  std::unique_ptr<Sink> OpenAt(uint16_t port) override {
    return OpenUri(fmt::format("qdrant://127.0.0.1:{}/docs", port)).value();
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

  std::unique_ptr<QdrantServer> server_;
};

SinkStore& RealServer() {
  static QdrantStore store(QdrantServer::Kind::kReal);
  return store;
}

SinkStore& Facade() {
  static QdrantStore store(QdrantServer::Kind::kFacade);
  return store;
}

std::vector<SinkSuiteParam> Stores() {
  std::vector<SinkSuiteParam> out = {{"facade", &Facade}};
  if (QdrantServer::HasReal()) out.push_back({"server", &RealServer});
  return out;
}

INSTANTIATE_TEST_SUITE_P(Qdrant, SinkSuite, ::testing::ValuesIn(Stores()), SinkSuiteName);

}  // namespace
}  // namespace drift::testing
