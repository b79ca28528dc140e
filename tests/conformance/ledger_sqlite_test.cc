#include <fstream>

#include "base/clock.h"
#include "base/rng.h"
#include "ledger/sqlite_ledger.h"
#include "net/sqlite.h"
#include "tests/conformance/ledger_suite.h"
#include "tests/support/process.h"

namespace drift::testing {
namespace {

using ledger::SqliteLedger;
using ledger::SqliteLedgerOptions;

class SqliteStore : public LedgerStore {
 public:
  StatusOr<std::unique_ptr<Ledger>> Open() override { return OpenWith({}); }

  // By a connection of somebody else, as a trigger.
  void BreakCommits(Ledger&) override {
    Execute(
        "CREATE TRIGGER broken BEFORE UPDATE ON targets BEGIN SELECT raise(ABORT, 'broken'); END");
  }
  void Heal(Ledger&) override { Execute("DROP TRIGGER broken"); }

  std::string uri() const override { return "sqlite://" + path_; }
  std::string name() const override { return path_; }
  StatusOr<std::unique_ptr<Ledger>> OpenVersion1() override {
    return OpenWith({.migrations = ledger::SqliteMigrations().first(1)});
  }
  int64_t SchemaVersion() override {
    return Database()->QueryInt("PRAGMA user_version").value_or(-1);
  }
  void SetSchemaVersion(int64_t version) override {
    Execute(fmt::format("PRAGMA user_version = {}", version));
  }
  void OccupyByAnother() override { Execute("CREATE TABLE users (name TEXT)"); }

 private:
  StatusOr<std::unique_ptr<Ledger>> OpenWith(const SqliteLedgerOptions& options) {
    ASSIGN_OR_RETURN(auto opened, SqliteLedger::Open(path_, Clock::Real(), Rng::Real(), options));
    return std::unique_ptr<Ledger>(std::move(opened));
  }
  std::unique_ptr<SqliteDatabase> Database() {
    auto db = SqliteDatabase::Open(path_, {});
    EXPECT_TRUE(db.ok()) << db.status();
    return std::move(*db);
  }
  void Execute(const std::string& sql) {
    const Status done = Database()->Execute(sql);
    EXPECT_TRUE(done.ok()) << done;
  }

  TempDir folder_;
  const std::string path_ = folder_ / "ledger.db";
};

const LedgerSuiteParam kParam{"sqlite", [] { return std::make_unique<SqliteStore>(); }};
INSTANTIATE_TEST_SUITE_P(Sqlite, LedgerSuite, ::testing::Values(kParam), LedgerSuiteName);
INSTANTIATE_TEST_SUITE_P(Sqlite, LedgerStoreSuite, ::testing::Values(kParam), LedgerSuiteName);

}  // namespace
}  // namespace drift::testing
