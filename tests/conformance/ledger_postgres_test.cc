#include "base/clock.h"
#include "base/rng.h"
#include "base/uri.h"
#include "ledger/pg_ledger.h"
#include "tests/conformance/ledger_suite.h"
#include "tests/support/postgres.h"

namespace drift::testing {
namespace {

using ledger::PgLedger;
using ledger::PgLedgerOptions;

class PostgresStore : public LedgerStore {
 public:
  StatusOr<std::unique_ptr<Ledger>> Open() override { return OpenWith({}); }

  // By a connection of somebody else, as a trigger.
  void BreakCommits(Ledger&) override {
    Execute(
        "CREATE FUNCTION drift.break() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'broken'; END $$;"
        "CREATE TRIGGER broken BEFORE UPDATE ON drift.targets FOR EACH ROW"
        " EXECUTE FUNCTION drift.break()");
  }
  void Heal(Ledger&) override { Execute("DROP FUNCTION drift.break() CASCADE"); }

  std::string uri() const override { return uri_; }
  std::string name() const override { return options_.Name(); }
  StatusOr<std::unique_ptr<Ledger>> OpenVersion1() override {
    return OpenWith({.migrations = ledger::PgMigrations().first(1)});
  }
  int64_t SchemaVersion() override {
    const auto version = Database()->Execute("SELECT schema_version FROM drift.drift_ledger", {});
    EXPECT_TRUE(version.ok()) << version.status();
    return version.ok() ? version->Int(0, 0) : -1;
  }
  void SetSchemaVersion(int64_t version) override {
    Execute(fmt::format("UPDATE drift.drift_ledger SET schema_version = {}", version));
  }
  void OccupyByAnother() override {
    Execute("CREATE SCHEMA drift; CREATE TABLE drift.users (name text)");
  }

 private:
  StatusOr<std::unique_ptr<Ledger>> OpenWith(const PgLedgerOptions& options) {
    ASSIGN_OR_RETURN(auto opened, PgLedger::Open(options_, Clock::Real(), Rng::Real(), options));
    return std::unique_ptr<Ledger>(std::move(opened));
  }
  std::unique_ptr<PgConnection> Database() {
    auto pg = PgConnection::Open(options_, {});
    EXPECT_TRUE(pg.ok()) << pg.status();
    return std::move(*pg);
  }
  void Execute(const std::string& sql) {
    const Status done = Database()->Script(sql, {});
    EXPECT_TRUE(done.ok()) << done;
  }

  const std::string uri_ = FreshDatabase();
  const PgOptions options_ = PgOptionsFromUri(ParseUri(uri_).value()).value();
};

const LedgerSuiteParam kParam{"postgresql", [] { return std::make_unique<PostgresStore>(); }};
INSTANTIATE_TEST_SUITE_P(Postgres, LedgerSuite, ::testing::Values(kParam), LedgerSuiteName);
INSTANTIATE_TEST_SUITE_P(Postgres, LedgerStoreSuite, ::testing::Values(kParam), LedgerSuiteName);

}  // namespace
}  // namespace drift::testing
