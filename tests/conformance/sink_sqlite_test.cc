// SQLite: all collections in one file.
#include <memory>

#include "base/uri.h"
#include "sinks/registry.h"
#include "tests/conformance/sink_suite.h"
#include "tests/support/process.h"

namespace drift::testing {
namespace {

class SqliteStore final : public SinkStore {
 public:
  StatusOr<std::unique_ptr<Sink>> Open(const std::string& collection) override {
    ASSIGN_OR_RETURN(const Uri uri, ParseUri("sqlite://" + (folder_ / "deep/er/index.db") +
                                             "?collection=" + PercentEncode(collection)));
    return OpenSink(uri);
  }
  std::vector<std::string> refused_names() const override {
    return {"drift_collections", "sqlite_master"};
  }

 private:
  TempDir folder_;
};

SinkStore& OneFile() {
  static SqliteStore store;
  return store;
}

INSTANTIATE_TEST_SUITE_P(Sqlite, SinkSuite, ::testing::Values(SinkSuiteParam{"file", &OneFile}),
                         SinkSuiteName);

}  // namespace
}  // namespace drift::testing
