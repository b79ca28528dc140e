#include "net/sqlite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "base/clock.h"
#include "core/reasons.h"
#include "tests/support/process.h"

namespace drift {
namespace {

using drift::testing::TempDir;
using ::testing::HasSubstr;
using Kind = SqliteTransaction::Kind;

class SqliteTest : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteDatabase> Open(SqliteOptions options = {}) {
    auto db = SqliteDatabase::Open(path_, options);
    EXPECT_TRUE(db.ok()) << db.status();
    return std::move(*db);
  }

  static Status OpenError(const std::string& path, SqliteOptions options = {}) {
    return SqliteDatabase::Open(path, options).status();
  }

  TempDir dir_;
  const std::string path_ = dir_ / "test.db";
};

TEST_F(SqliteTest, EveryTypeComesBackAsItWasBound) {
  const auto db = Open();
  ASSERT_TRUE(db->Execute("CREATE TABLE t (i, r, s, b, n, e)").ok());
  const std::string text("a\0b", 3);
  const std::string bytes("\0\xff", 2);
  {
    auto insert = db->Prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)");
    ASSERT_TRUE(insert.ok()) << insert.status();
    const std::optional<int64_t> none;
    ASSERT_TRUE(insert
                    ->RunWith(std::numeric_limits<int64_t>::min(), 0.1, text, SqliteBlob{bytes},
                              none, std::string_view())
                    .ok());
  }
  auto read = db->Prepare("SELECT *, typeof(s), typeof(b), typeof(e) FROM t");
  ASSERT_TRUE(read.ok());
  ASSERT_TRUE(read->Step().value_or(false));
  EXPECT_EQ(read->Int(0), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(read->Real(1), 0.1);
  EXPECT_EQ(read->Text(2), text);
  EXPECT_EQ(read->Blob(3), bytes);
  EXPECT_TRUE(read->IsNull(4));
  EXPECT_FALSE(read->IsNull(5));
  EXPECT_EQ(read->Text(6), "text");
  EXPECT_EQ(read->Text(7), "blob");
  EXPECT_EQ(read->Text(8), "text");
  EXPECT_EQ(read->Step().value_or(true), false);
}

TEST_F(SqliteTest, TheSameTextTwiceAtATimeIsTwoStatements) {
  const auto db = Open();
  constexpr char kSql[] =
      "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n LIMIT 3) "
      "SELECT i FROM n";
  auto first = db->Prepare(kSql);
  auto second = db->Prepare(kSql);
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE(first->Step().ok() && first->Step().ok() && second->Step().ok());
  EXPECT_EQ(first->Int(0), 2);
  EXPECT_EQ(second->Int(0), 1);
}

TEST_F(SqliteTest, ManyMoreTextsThanTheCacheHoldsGoOnWorking) {
  const auto db = Open();
  auto held = db->Prepare("SELECT 'held'");
  ASSERT_TRUE(held.ok() && held->Step().ok());
  for (size_t i = 0; i < 3 * SqliteDatabase::kCachedStatements; ++i) {
    EXPECT_EQ(db->QueryInt(fmt::format("SELECT {}", i)).value_or(-1), static_cast<int64_t>(i));
  }
  EXPECT_EQ(held->Text(0), "held");
}

TEST_F(SqliteTest, FailedBindIsReportedByTheStep) {
  const auto db = Open();
  auto statement = db->Prepare("SELECT ?");
  ASSERT_TRUE(statement.ok());
  statement->BindInt(1, 1);
  statement->BindInt(2, 2);
  EXPECT_THAT(Message(statement->Step().status()), HasSubstr("out of range"));
  statement->Reset();
  EXPECT_TRUE(statement->Step().value_or(false));
}

TEST_F(SqliteTest, TransactionIsRolledBackUnlessCommitted) {
  const auto db = Open();
  ASSERT_TRUE(db->Execute("CREATE TABLE t (i)").ok());
  {
    auto transaction = SqliteTransaction::Begin(*db, Kind::kWrite);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(db->Execute("INSERT INTO t VALUES (1)").ok());
    EXPECT_TRUE(db->in_transaction());
  }
  EXPECT_FALSE(db->in_transaction());
  EXPECT_EQ(db->QueryInt("SELECT count(*) FROM t").value_or(-1), 0);
  auto transaction = SqliteTransaction::Begin(*db, Kind::kWrite);
  ASSERT_TRUE(transaction.ok());
  ASSERT_TRUE(db->Execute("INSERT INTO t VALUES (1)").ok());
  ASSERT_TRUE(transaction->Commit().ok());
  EXPECT_EQ(Open()->QueryInt("SELECT count(*) FROM t").value_or(-1), 1);
}

TEST_F(SqliteTest, SecondWriterIsToldThatTheDatabaseIsHeld) {
  const auto one = Open();
  const auto two = Open({.busy_timeout = std::chrono::milliseconds(20)});
  auto held = SqliteTransaction::Begin(*one, Kind::kWrite);
  ASSERT_TRUE(held.ok());
  const Status status = SqliteTransaction::Begin(*two, Kind::kWrite).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(Message(status), HasSubstr(path_));
  EXPECT_THAT(Message(status), HasSubstr("another connection holds the database"));
}

TEST_F(SqliteTest, WaitForALockCanBeStopped) {
  const auto one = Open();
  const auto two = Open({.busy_timeout = std::chrono::hours(1)});
  auto held = SqliteTransaction::Begin(*one, Kind::kWrite);
  ASSERT_TRUE(held.ok());
  std::stop_source source;
  const SqliteStop scope(*two, source.get_token());
  std::jthread stopper([&source] {
    Clock::Real().Sleep(std::chrono::milliseconds(30), {});
    source.request_stop();
  });
  EXPECT_EQ(SqliteTransaction::Begin(*two, Kind::kWrite).status().code(), StatusCode::kCancelled);
}

TEST_F(SqliteTest, RunningStatementCanBeStopped) {
  const auto db = Open();
  std::stop_source source;
  {
    const SqliteStop scope(*db, source.get_token());
    std::jthread stopper([&source] {
      Clock::Real().Sleep(std::chrono::milliseconds(30), {});
      source.request_stop();
    });
    const auto endless = db->QueryInt(
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n");
    EXPECT_EQ(endless.status().code(), StatusCode::kCancelled);
  }
  EXPECT_EQ(db->QueryInt("SELECT 1").value_or(0), 1);
}

TEST_F(SqliteTest, ConstraintsHaveCodes) {
  const auto db = Open();
  ASSERT_TRUE(
      db->Execute("CREATE TABLE t (i UNIQUE CHECK (i < 9)); INSERT INTO t VALUES (1)").ok());
  EXPECT_EQ(db->Execute("INSERT INTO t VALUES (1)").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(db->Execute("INSERT INTO t VALUES (9)").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(db->Execute("INSERT INTO u VALUES (9)").code(), StatusCode::kNotFound);
  EXPECT_EQ(db->Execute("INSRT").code(), StatusCode::kInternal);
}

TEST_F(SqliteTest, FullDiskIsNamed) {
  const auto db = Open({.max_pages = 20});
  ASSERT_TRUE(db->Execute("CREATE TABLE t (b)").ok());
  const Status status = db->Execute("INSERT INTO t VALUES (zeroblob(200000))");
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(Reason(status), reason::kDiskFull);
  EXPECT_FALSE(RetryAfter(status).has_value());
  EXPECT_THAT(Message(status), HasSubstr(path_ + ": no room left to write"));
}

TEST_F(SqliteTest, FileThatIsNoDatabaseIsDataLoss) {
  std::ofstream(path_) << std::string(5000, 'x');
  const Status status = OpenError(path_);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(Message(status), HasSubstr(path_ + ": file is not a database"));
}

TEST_F(SqliteTest, DamagedFileIsDataLoss) {
  {
    const auto db = Open();
    ASSERT_TRUE(db->Execute("CREATE TABLE t (b); INSERT INTO t VALUES (zeroblob(100000))").ok());
  }
  constexpr int kPage = 4096;
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(kPage);
  file << std::string(kPage, '\x7f');
  file.close();
  EXPECT_EQ(Open()->QueryInt("SELECT sum(length(b)) FROM t").status().code(),
            StatusCode::kDataLoss);
}

TEST_F(SqliteTest, MissingFilesAndFoldersAreNamed) {
  const Status missing = OpenError(path_, {.create = false});
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_THAT(Message(missing), HasSubstr(path_));
  EXPECT_EQ(OpenError(dir_ / "no/such/folder.db").code(), StatusCode::kNotFound);
  EXPECT_EQ(OpenError("relative.db").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenError(std::string("/tmp/a\0b", 8)).code(), StatusCode::kInvalidArgument);
}

TEST_F(SqliteTest, NewFileBelongsToItsOwnerAlone) {
  Open();
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SqliteTest, ReadOnlyRefusesWrites) {
  Open()->Execute("CREATE TABLE t (i)").IgnoreError();
  const auto db = Open({.read_only = true});
  EXPECT_EQ(db->Execute("INSERT INTO t VALUES (1)").code(), StatusCode::kPermissionDenied);
}

TEST_F(SqliteTest, HostileNamesAreQuoted) {
  const auto db = Open();
  const std::string name = "a\"; DROP TABLE t; --é";
  ASSERT_TRUE(db->Execute(fmt::format("CREATE TABLE {} (i)", SqliteQuote(name))).ok());
  auto read = db->Prepare("SELECT name FROM sqlite_schema");
  ASSERT_TRUE(read.ok() && read->Step().value_or(false));
  EXPECT_EQ(read->Text(0), name);
  const std::string nul = SqliteQuote(std::string_view("a\0b", 3));
  EXPECT_EQ(db->Prepare("CREATE TABLE " + nul + " (i)").status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace drift
