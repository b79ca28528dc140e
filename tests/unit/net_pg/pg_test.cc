#include "net/pg.h"

#include <limits>
#include <thread>

#include "net/pg_pool.h"
#include "tests/unit/net_pg/pg_test_base.h"

namespace drift {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(PgTest, EveryTypeComesBackAsItWasSent) {
  const Uuid id = ParseUuid("6f1d3c1e-2f0a-5b0e-9c57-d41f7a3b8e21").value();
  const WallTime time(std::chrono::microseconds(1'763'721'600'000'001));
  PgParams params;
  params.Bool(true)
      .Int(std::numeric_limits<int64_t>::min())
      .Int4(-7)
      .Real(0.1)
      .Text("é'\"\\")
      .Bytes(std::string_view("\0\xff", 2))
      .Id(id)
      .Time(time)
      .Json(R"({"a": [1]})")
      .Null(PgType::kText)
      .Text("");
  const auto result =
      pg_->Execute("SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11", params, {});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->rows(), 1);
  ASSERT_EQ(result->columns(), 11);
  EXPECT_TRUE(result->Bool(0, 0));
  EXPECT_EQ(result->Int(0, 1), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(result->Int(0, 2), -7);
  EXPECT_EQ(result->Real(0, 3), 0.1);
  EXPECT_EQ(result->Text(0, 4), "é'\"\\");
  EXPECT_EQ(result->Bytes(0, 5), std::string_view("\0\xff", 2));
  EXPECT_EQ(result->Id(0, 6), id);
  EXPECT_EQ(result->Time(0, 7), time);
  EXPECT_EQ(result->Json(0, 8), R"({"a": [1]})");
  EXPECT_TRUE(result->IsNull(0, 9));
  EXPECT_FALSE(result->IsNull(0, 10));
  EXPECT_EQ(result->Text(0, 10), "");
}

TEST_F(PgTest, TimesAreTheServersOwn) {
  const auto result = pg_->Execute(
      "SELECT timestamptz '1969-12-31 23:59:59.5+00', 2::int2, 3::int4, 1.5::float4", {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->Time(0, 0).time_since_epoch().count(), -500'000);
  EXPECT_EQ(result->Int(0, 1), 2);
  EXPECT_EQ(result->Int(0, 2), 3);
  EXPECT_EQ(result->Real(0, 3), 1.5);
}

TEST_F(PgTest, ArraysUnnestInOrderWithNulls) {
  PgArray texts(PgType::kText);
  PgArray numbers(PgType::kInt8);
  texts.Text("a").Null(PgType::kText).Text("");
  numbers.Int(1).Int(2).Int(3);
  PgParams params;
  params.Array(texts).Array(numbers);
  const auto result =
      pg_->Execute("SELECT t, n FROM unnest($1, $2) AS u(t, n) ORDER BY n", params, {});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->rows(), 3);
  EXPECT_EQ(result->Text(0, 0), "a");
  EXPECT_TRUE(result->IsNull(1, 0));
  EXPECT_EQ(result->Text(2, 0), "");
  EXPECT_EQ(result->Int(2, 1), 3);
  PgParams empty;
  empty.Array(PgArray(PgType::kInt8));
  EXPECT_EQ(pg_->Execute("SELECT cardinality($1)", empty, {})->Int(0, 0), 0);
}

TEST_F(PgTest, TheSameTextWithOtherTypesIsPreparedAnew) {
  PgParams number;
  number.Int(5);
  PgParams text;
  text.Text("five");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(pg_->Execute("SELECT $1", number, {})->Int(0, 0), 5);
    EXPECT_EQ(pg_->Execute("SELECT $1", text, {})->Text(0, 0), "five");
  }
}

TEST_F(PgTest, MoreTextsThanAreKeptGoOnWorking) {
  for (int i = 0; i < 150; ++i) {
    EXPECT_EQ(Number(*pg_, fmt::format("SELECT {}::bigint", i)), i);
  }
}

TEST_F(PgTest, AnErrorLeavesTheConnectionUsable) {
  const Status status = pg_->Execute("SELECT * FROM nowhere", {}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(Message(status),
            pg_->name() + ": relation \"nowhere\" does not exist (SQLSTATE 42P01)");
  EXPECT_TRUE(pg_->Usable());
  EXPECT_EQ(Number(*pg_, "SELECT 1::bigint"), 1);
}

TEST_F(PgTest, ScriptIsOneTransaction) {
  EXPECT_FALSE(pg_->Script("CREATE TABLE t (i int); SELECT 1/0", {}).ok());
  EXPECT_EQ(pg_->Execute("SELECT 1 FROM t", {}).status().code(), StatusCode::kNotFound);
}

TEST_F(PgTest, QueryGivesTheRowsOfTheLastStatementAsText) {
  const auto result = pg_->Query("BEGIN; SELECT 'x'; SELECT 7, true, NULL::int", {});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->rows(), 1);
  EXPECT_EQ(result->Text(0, 0), "7");
  EXPECT_EQ(result->Text(0, 1), "t");
  EXPECT_TRUE(result->IsNull(0, 2));
  ASSERT_TRUE(pg_->in_transaction());
  ASSERT_TRUE(pg_->Script("CREATE TABLE adopted (i int)", {}).ok());
  PgTransaction transaction = PgTransaction::Adopt(*pg_);
  ASSERT_TRUE(transaction.Commit({}).ok());
  EXPECT_FALSE(pg_->in_transaction());
  EXPECT_EQ(Number(*pg_, "SELECT count(*) FROM adopted"), 0);
}

TEST_F(PgTest, StatementThatIsNotKeptWorksTheSame) {
  PgParams params;
  params.Int(1);
  for (int i = 0; i < 2; ++i) {
    const auto result = pg_->ExecuteOnce("SELECT $1 + 1", params, {});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->Int(0, 0), 2);
  }
  EXPECT_EQ(
      Number(*pg_, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '% + 1'"), 0);
}

TEST_F(PgTest, TransactionIsRolledBackUnlessCommitted) {
  ASSERT_TRUE(pg_->Script("CREATE TABLE t (i int)", {}).ok());
  {
    auto transaction = PgTransaction::Begin(*pg_, {});
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(pg_->Script("INSERT INTO t VALUES (1)", {}).ok());
    EXPECT_FALSE(pg_->Usable());
  }
  EXPECT_TRUE(pg_->Usable());
  EXPECT_EQ(Number(*pg_, "SELECT count(*) FROM t"), 0);
  auto transaction = PgTransaction::Begin(*pg_, {});
  ASSERT_TRUE(pg_->Script("INSERT INTO t VALUES (1)", {}).ok());
  ASSERT_TRUE(transaction->Commit({}).ok());
  EXPECT_EQ(Number(*pg_, "SELECT count(*) FROM t"), 1);
}

TEST_F(PgTest, CommitOfAFailedTransactionIsAnError) {
  auto transaction = PgTransaction::Begin(*pg_, {});
  ASSERT_TRUE(transaction.ok());
  EXPECT_FALSE(pg_->Script("SELECT 1/0", {}).ok());
  EXPECT_EQ(transaction->Commit({}).code(), StatusCode::kAborted);
}

TEST_F(PgTest, NamesAndLiteralsAreQuoted) {
  const std::string name = "a\"; DROP TABLE t; --é";
  ASSERT_TRUE(pg_->Script("CREATE TABLE " + PgQuote(name).value() + " (i int)", {}).ok());
  const std::string comment = "it's \\ {\"json\": 1}";
  ASSERT_TRUE(
      pg_->Script("COMMENT ON TABLE " + PgQuote(name).value() + " IS " + PgQuoteLiteral(comment),
                  {})
          .ok());
  PgParams params;
  params.Text(name);
  const auto result =
      pg_->Execute("SELECT obj_description(oid) FROM pg_class WHERE relname = $1", params, {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->Text(0, 0), comment);
  EXPECT_EQ(PgQuote(std::string(64, 'x')).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(PgQuote("").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(PgQuote(std::string_view("a\0b", 3)).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(PgTest, TextTheServerCannotHoldIsInvalidAndNotRepeated) {
  PgParams params;
  params.Text(std::string_view("secret\0text", 11));
  const Status status = pg_->Execute("SELECT $1", params, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Message(status)), Not(HasSubstr("secret")));
}

TEST_F(PgTest, DatabaseThatIsNotThereIsNotFound) {
  PgOptions options = options_;
  options.database = "dbname=postgres host=elsewhere";
  const Status status = PgConnection::Open(options, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("does not exist (SQLSTATE 3D000)"));
}

TEST_F(PgTest, SessionIsSetUp) {
  PgOptions options = options_;
  options.setup = {"SET search_path = drift_test", "SET work_mem = '5MB'"};
  const auto connection = Open(options);
  EXPECT_EQ(connection->Execute("SELECT current_setting('work_mem')", {})->Text(0, 0), "5MB");
}

TEST(PgOptionsFromUri, NamesWhatIsMissing) {
  const auto from = [](std::string_view text) { return PgOptionsFromUri(ParseUri(text).value()); };
  EXPECT_EQ(Message(from("postgresql:///db").status()),
            "postgresql:///db: host or database is missing: postgresql://user@host:5432/database");
  EXPECT_EQ(from("postgresql://h/").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(from("postgresql://h/db?password=hunter2").status()),
            "postgresql h:5432/db: password: a secret is named, not written: use env:NAME or "
            "file:/absolute/path");
  EXPECT_EQ(from("postgresql://h/db?password=env:DRIFT_NOT_SET").status().code(),
            StatusCode::kNotFound);
  const auto full = from("pg://me:pw@[::1]:7/db?sslmode=require");
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->host, "::1");
  EXPECT_EQ(full->port, 7);
  EXPECT_EQ(full->user, "me");
  EXPECT_EQ(full->password.Reveal(), "pw");
  EXPECT_EQ(full->sslmode, "require");
  EXPECT_EQ(full->Name(), "postgresql ::1:7/db");
}

TEST(PgLogin, WrongPasswordIsUnauthenticatedAndNotRepeated) {
  auto server = testing::PostgresServer::Start({.password = "right-horse"});
  ASSERT_TRUE(server.ok()) << server.status();
  auto uri = (*server)->CreateDatabase("x");
  ASSERT_TRUE(uri.ok()) << uri.status();
  PgOptions options = PgOptionsFromUri(ParseUri(*uri).value()).value();
  options.password = Secret("wrong-horse");
  const Status status = PgConnection::Open(options, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("SQLSTATE 28P01"));
  EXPECT_THAT(std::string(Message(status)), Not(HasSubstr("horse")));
  options.password = Secret("right-horse");
  EXPECT_TRUE(PgConnection::Open(options, {}).ok());
}

TEST_F(PgTest, PoolReusesWaitsAndReplaces) {
  PgPool pool(options_, 1);
  int64_t first = 0;
  {
    auto lease = pool.Acquire({});
    ASSERT_TRUE(lease.ok()) << lease.status();
    first = Number(**lease, "SELECT pg_backend_pid()");
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(pool.Acquire(stop.get_token()).status().code(), StatusCode::kCancelled);
  }
  {
    auto again = pool.Acquire({});
    EXPECT_EQ(Number(**again, "SELECT pg_backend_pid()"), first);
  }
  EXPECT_EQ(Number(*pg_, fmt::format("SELECT count(pg_terminate_backend({}))", first)), 1);
  while (Number(*pg_, fmt::format("SELECT count(*) FROM pg_stat_activity WHERE pid = {}", first))) {
  }
  auto replaced = pool.Acquire({});
  ASSERT_TRUE(replaced.ok()) << replaced.status();
  EXPECT_NE(Number(**replaced, "SELECT pg_backend_pid()"), first);
}

TEST_F(PgTest, PoolClosesAConnectionLeftInATransaction) {
  PgPool pool(options_, 1);
  ASSERT_TRUE((*pool.Acquire({}))->Script("BEGIN; CREATE TABLE left_open (i int)", {}).ok());
  auto lease = pool.Acquire({});
  EXPECT_FALSE((*lease)->in_transaction());
  EXPECT_EQ((*lease)->Execute("SELECT 1 FROM left_open", {}).status().code(),
            StatusCode::kNotFound);
}

TEST_F(PgTest, PoolServesManyThreads) {
  PgPool pool(options_, 3);
  std::atomic<int64_t> sum = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&pool, &sum] {
        for (int j = 0; j < 20; ++j) {
          auto lease = pool.Acquire({});
          if (lease.ok()) sum += Number(**lease, "SELECT 1::bigint");
        }
      });
    }
  }
  EXPECT_EQ(sum, 8 * 20);
}

}  // namespace
}  // namespace drift
