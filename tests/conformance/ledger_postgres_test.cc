#include <map>

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

// A database costs the server seven megabytes and a tenth of a second; a schema costs nothing.
const std::string& SharedDatabase(int major) {
  static std::map<int, std::string> databases;
  std::string& uri = databases[major];
  if (uri.empty()) uri = FreshDatabase(major);
  return uri;
}

std::string NextSchema() {
  static int count = 0;
  return fmt::format("ledger \"{}\"", ++count);
}

class PostgresStore : public LedgerStore {
 public:
  explicit PostgresStore(int major)
      : database_(SharedDatabase(major)),
        options_(PgOptionsFromUri(ParseUri(database_).value()).value()) {
    options_.setup.push_back("SET search_path = " + quoted_);
  }
  ~PostgresStore() override { Execute("DROP SCHEMA IF EXISTS " + quoted_ + " CASCADE"); }

  StatusOr<std::unique_ptr<Ledger>> Open() override { return OpenWith({}); }

  // By a connection of somebody else, as a trigger.
  void BreakCommits(Ledger&) override {
    Execute(
        "CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'broken'; END $$;"
        "CREATE TRIGGER broken BEFORE UPDATE ON targets FOR EACH ROW EXECUTE FUNCTION break()");
  }
  void Heal(Ledger&) override { Execute("DROP FUNCTION break() CASCADE"); }

  std::string uri() const override {
    return fmt::format("{}?schema={}", database_, PercentEncode(schema_));
  }
  std::string name() const override { return options_.Name(); }
  StatusOr<std::unique_ptr<Ledger>> OpenVersion1() override {
    return OpenWith({.migrations = ledger::PgMigrations().first(1)});
  }
  int64_t SchemaVersion() override {
    const auto version = Database()->Execute("SELECT schema_version FROM drift_ledger", {});
    EXPECT_TRUE(version.ok()) << version.status();
    return version.ok() ? version->Int(0, 0) : -1;
  }
  void SetSchemaVersion(int64_t version) override {
    Execute(fmt::format("UPDATE drift_ledger SET schema_version = {}", version));
  }
  void OccupyByAnother() override {
    Execute("CREATE SCHEMA " + quoted_ + "; CREATE TABLE users (name text)");
  }

 private:
  StatusOr<std::unique_ptr<Ledger>> OpenWith(PgLedgerOptions options) {
    options.schema = schema_;
    const PgOptions connect = PgOptionsFromUri(ParseUri(database_).value()).value();
    ASSIGN_OR_RETURN(auto opened, PgLedger::Open(connect, Clock::Real(), Rng::Real(), options));
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

  const std::string database_;
  const std::string schema_ = NextSchema();
  const std::string quoted_ = PgQuote(schema_).value();
  PgOptions options_;
};

const LedgerSuiteParam kVersion16{"pg16", [] { return std::make_unique<PostgresStore>(16); }};
const LedgerSuiteParam kVersion18{"pg18", [] { return std::make_unique<PostgresStore>(18); }};
INSTANTIATE_TEST_SUITE_P(Postgres, LedgerSuite, ::testing::Values(kVersion16, kVersion18),
                         LedgerSuiteName);
INSTANTIATE_TEST_SUITE_P(Postgres, LedgerStoreSuite, ::testing::Values(kVersion16, kVersion18),
                         LedgerSuiteName);

}  // namespace
}  // namespace drift::testing
