#include "tests/conformance/ledger_suite.h"
#include "tests/fakes/fake_ledger.h"

namespace drift::testing {
namespace {

class FakeStore : public LedgerStore {
 public:
  StatusOr<std::unique_ptr<Ledger>> Open() override { return std::make_unique<FakeLedger>(); }
  void BreakCommits(Ledger& ledger) override {
    static_cast<FakeLedger&>(ledger).on_commit_end = [] { return Unavailable("broken"); };
  }
  void Heal(Ledger& ledger) override { static_cast<FakeLedger&>(ledger).on_commit_end = nullptr; }
  bool durable() const override { return false; }
};

INSTANTIATE_TEST_SUITE_P(Fake, LedgerSuite,
                         ::testing::Values(LedgerSuiteParam{
                             "fake", [] { return std::make_unique<FakeStore>(); }}),
                         LedgerSuiteName);

}  // namespace
}  // namespace drift::testing
