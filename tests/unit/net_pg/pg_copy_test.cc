#include "net/pg_copy.h"

#include "tests/unit/net_pg/pg_test_base.h"

namespace drift {
namespace {

constexpr char kCopyIn[] = "COPY t (id, name, big) FROM STDIN (FORMAT binary)";
constexpr char kCopyOut[] =
    "COPY (SELECT id, name, big FROM t ORDER BY id) TO STDOUT (FORMAT binary)";

class PgCopyTest : public PgTest {
 protected:
  PgCopyTest() {
    const Status made =
        pg_->Script("CREATE TABLE t (id bigint PRIMARY KEY, name text, big bytea)", {});
    EXPECT_TRUE(made.ok()) << made;
  }

  Status Fill(int64_t rows, size_t bytes) {
    ASSIGN_OR_RETURN(PgCopyWriter copy, PgCopyWriter::Begin(*pg_, kCopyIn, {}));
    const std::string big(bytes, 'x');
    for (int64_t i = 0; i < rows; ++i) {
      RETURN_IF_ERROR(copy.Row(3));
      copy.Int(i);
      i % 2 == 0 ? copy.Text(fmt::format("row {}", i)) : copy.Null(PgType::kText);
      copy.Put(PgType::kBytes, [&](std::string& out) { out.append(big); });
    }
    ASSIGN_OR_RETURN(const int64_t taken, copy.Finish());
    return taken == rows ? OkStatus() : Internal("{} rows taken", taken);
  }
};

TEST_F(PgCopyTest, RowsGoInAndComeOut) {
  // More than one piece, and more than a socket's buffer holds.
  constexpr int64_t kRows = 500;
  constexpr size_t kBytes = 20'000;
  const Status filled = Fill(kRows, kBytes);
  ASSERT_TRUE(filled.ok()) << filled;
  auto copy = PgCopyReader::Begin(*pg_, kCopyOut, {});
  ASSERT_TRUE(copy.ok()) << copy.status();
  int64_t rows = 0;
  for (;; ++rows) {
    const auto more = copy->Next();
    ASSERT_TRUE(more.ok()) << more.status();
    if (!*more) break;
    ASSERT_EQ(copy->columns(), 3u);
    EXPECT_EQ(pg_wire::ReadInt(copy->Field(0)), rows);
    EXPECT_EQ(copy->IsNull(1), rows % 2 == 1);
    EXPECT_EQ(copy->Field(2).size(), kBytes);
  }
  EXPECT_EQ(rows, kRows);
  EXPECT_TRUE(pg_->Usable());
}

TEST_F(PgCopyTest, NoRowsAreNoRows) {
  ASSERT_TRUE(Fill(0, 0).ok());
  auto copy = PgCopyReader::Begin(*pg_, kCopyOut, {});
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->Next().value_or(true), false);
  EXPECT_EQ(copy->Next().value_or(true), false);
  EXPECT_TRUE(pg_->Usable());
}

TEST_F(PgCopyTest, ErrorOfTheDataComesWithFinishAndTheConnectionLives) {
  ASSERT_TRUE(Fill(3, 1).ok());
  const Status again = Fill(3, 1);
  EXPECT_EQ(again.code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(pg_->Usable());
  EXPECT_EQ(Number(*pg_, "SELECT count(*) FROM t"), 3);
}

TEST_F(PgCopyTest, WrongTableOrStatementIsToldAtOnce) {
  EXPECT_EQ(PgCopyWriter::Begin(*pg_, "COPY u FROM STDIN (FORMAT binary)", {}).status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(PgCopyWriter::Begin(*pg_, "SELECT 1", {}).status().code(), StatusCode::kInternal);
}

TEST_F(PgCopyTest, AbandonedWriterLeavesNothing) {
  {
    auto copy = PgCopyWriter::Begin(*pg_, kCopyIn, {});
    ASSERT_TRUE(copy.ok() && copy->Row(3).ok());
    copy->Int(1).Text("x").Bytes("x");
  }
  EXPECT_FALSE(pg_->Usable());
  EXPECT_EQ(pg_->Script("SELECT 1", {}).code(), StatusCode::kUnavailable);
  EXPECT_EQ(Number(*Open(options_), "SELECT count(*) FROM t"), 0);
}

TEST_F(PgCopyTest, AbandonedReaderDropsTheConnection) {
  ASSERT_TRUE(Fill(100, 1000).ok());
  {
    auto copy = PgCopyReader::Begin(*pg_, kCopyOut, {});
    ASSERT_TRUE(copy.ok() && copy->Next().value_or(false));
  }
  EXPECT_FALSE(pg_->Usable());
}

}  // namespace
}  // namespace drift
