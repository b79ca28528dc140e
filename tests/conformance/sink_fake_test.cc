// The fake keeps the rules it is there to stand for.
#include <map>

#include "tests/conformance/sink_suite.h"
#include "tests/fakes/fake_sink.h"

namespace drift::testing {
namespace {

class InMemory final : public SinkStore {
 public:
  StatusOr<std::unique_ptr<Sink>> Open(const std::string& collection) override {
    return std::make_unique<FakeSink>(store_, collection);
  }

 private:
  FakeStore store_;
};

SinkStore& OneStore() {
  static InMemory store;
  return store;
}

INSTANTIATE_TEST_SUITE_P(Fake, SinkSuite, ::testing::Values(SinkSuiteParam{"in_memory", &OneStore}),
                         SinkSuiteName);

}  // namespace
}  // namespace drift::testing
