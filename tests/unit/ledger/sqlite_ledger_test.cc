#include "ledger/sqlite_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "core/reasons.h"
#include "ledger/open.h"
#include "tests/support/process.h"

namespace drift::ledger {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class SqliteLedgerTest : public ::testing::Test {
 protected:
  StatusOr<std::unique_ptr<SqliteLedger>> Open(const std::string& path, int64_t max_pages = 0) {
    return SqliteLedger::Open(path, Clock::Real(), Rng::Real(), {.max_pages = max_pages});
  }

  static Target TargetIn(Ledger& ledger) {
    const auto target = ledger.OpenTarget({"docs", "shadow/8", "shadow-8", 8, "sqlite:///i.db"});
    EXPECT_TRUE(target.ok()) << target.status();
    return target.value_or(Target());
  }

  static CommitBatch Rows(const Target& target, int from, int count) {
    CommitBatch batch;
    batch.target_id = target.id;
    batch.now = WallTime(std::chrono::seconds(from + 1));
    for (int i = from; i < from + count; ++i) {
      RowState& row = batch.upserts.emplace_back();
      row.key = fmt::format("[{}]", i);
      row.chunks.push_back({Sha256(row.key), 1, 1, false, 1});
    }
    return batch;
  }

  testing::TempDir folder_;
};

TEST_F(SqliteLedgerTest, FullDiskIsSaidAndNothingIsHalfDone) {
  const std::string path = folder_ / "ledger.db";
  int64_t rows = 0;
  {
    const auto ledger = Open(path, /*max_pages=*/120);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    const Target target = TargetIn(**ledger);
    Status status;
    for (; status.ok() && rows < 100'000; rows += 500) {
      status = (*ledger)->Commit(Rows(target, static_cast<int>(rows), 500));
    }
    rows -= 500;  // the last one was refused
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
    EXPECT_EQ(Reason(status), reason::kDiskFull);
    EXPECT_THAT(std::string(Message(status)), HasSubstr(path));
    EXPECT_EQ((*ledger)->GetTarget(target.id)->rows, rows);
    const std::vector<std::string> keys = {"[0]", fmt::format("[{}]", rows)};
    EXPECT_THAT((*ledger)->LoadRows(target.id, keys).value(), SizeIs(1));
  }
  // There is room again.
  const auto ledger = Open(path);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const Target target = TargetIn(**ledger);
  EXPECT_EQ(target.rows, rows);
  EXPECT_TRUE((*ledger)->Commit(Rows(target, static_cast<int>(rows), 500)).ok());
  EXPECT_EQ((*ledger)->GetTarget(target.id)->rows, rows + 500);
}

TEST_F(SqliteLedgerTest, FolderIsMadeForItsOwnerAlone) {
  ASSERT_TRUE(Open(folder_ / "state/drift/ledger.db").ok());
  for (const char* made : {"state", "state/drift"}) {
    struct stat info {};
    ASSERT_EQ(stat((folder_ / made).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u) << made;
  }
}

TEST_F(SqliteLedgerTest, FolderThatCannotBeMadeIsNamed) {
  std::ofstream(folder_ / "file") << "x";
  const auto ledger = Open(folder_ / "file/ledger.db");
  EXPECT_EQ(ledger.status().code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(Message(ledger.status())), HasSubstr(folder_ / "file"));
}

TEST_F(SqliteLedgerTest, SameFileByAnotherNameHasTheSameLock) {
  const auto ledger = Open(folder_ / "ledger.db");
  ASSERT_TRUE(ledger.ok());
  std::filesystem::create_symlink(folder_ / "ledger.db", folder_ / "link.db");
  EXPECT_EQ(Reason(Open(folder_ / "link.db").status()), kLedgerInUse);
}

TEST_F(SqliteLedgerTest, FileThatIsNoDatabaseIsDataLoss) {
  std::ofstream(folder_ / "ledger.db") << std::string(8192, 'x');
  const auto ledger = Open(folder_ / "ledger.db");
  EXPECT_EQ(ledger.status().code(), StatusCode::kDataLoss) << ledger.status();
  EXPECT_THAT(std::string(Message(ledger.status())), HasSubstr(folder_ / "ledger.db"));
}

// Rows that are looked up again in the order in which they were first written, with gaps, new ones
// and old ones in between: the short way must find what the index finds.
TEST_F(SqliteLedgerTest, RowsInTableOrderAreFoundLikeAnyOther) {
  const auto ledger = Open(folder_ / "ledger.db");
  ASSERT_TRUE(ledger.ok());
  const Target target = TargetIn(**ledger);
  constexpr int kRows = 3000;
  ASSERT_TRUE((*ledger)->Commit(Rows(target, 0, kRows)).ok());
  CommitBatch gone = Rows(target, kRows, 0);
  for (int i = 5; i < kRows; i += 97) gone.deletions.push_back({fmt::format("[{}]", i), {1, 2}, 1});
  ASSERT_TRUE((*ledger)->Commit(gone).ok());
  for (const int step : {1, 7, 1499}) {
    for (int from = 0; from < kRows; from += 200) {
      std::vector<std::string> keys;
      std::set<std::string> expected;
      for (int i = from; i < from + 200; ++i) {
        const int row = static_cast<int>(int64_t{i} * step % kRows);
        keys.push_back(fmt::format("[{}]", row));
        if (row % 97 != 5) expected.insert(keys.back());
        keys.push_back(fmt::format("[\"new {}\"]", i));
      }
      const auto rows = (*ledger)->LoadRows(target.id, keys);
      ASSERT_TRUE(rows.ok()) << rows.status();
      std::set<std::string> found;
      for (const RowState& row : *rows) EXPECT_TRUE(found.insert(row.key).second) << row.key;
      EXPECT_EQ(found, expected) << "step " << step << " from " << from;
    }
  }
}

}  // namespace
}  // namespace drift::ledger
