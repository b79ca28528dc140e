// Is it still the table the cursor was taken from?
#include <filesystem>

#include "base/text_file.h"
#include "core/reasons.h"
#include "sources/delta/delta_cursor.h"
#include "tests/support/delta_ops.h"
#include "tests/support/delta_table.h"
#include "tests/unit/sources_delta/delta_test_util.h"

namespace drift::testing {
namespace {

namespace fs = std::filesystem;

void Replace(const std::string& table, const std::string& by) {
  fs::remove_all(table);
  fs::copy(by, table, fs::copy_options::recursive);
}

class Identity : public ::testing::Test {
 protected:
  static Cursor After(Source& source) { return Value(source.Snapshot(std::nullopt, {})).next; }

  // What every call that goes on from a cursor must answer, also of a source that knew the old
  // table, and of one that did not.
  void ExpectBroken(Source& source, const std::string& path, const Cursor& cursor,
                    std::string_view reason, std::string_view text) {
    const auto fresh = Open(path, {{"id"}, {"body"}});
    for (Source* each : {&source, fresh.get()}) {
      EXPECT_TRUE(Fails(each->Behind(cursor, {}), StatusCode::kFailedPrecondition, reason, text));
      EXPECT_TRUE(Fails(each->Next(cursor, {}, {}), StatusCode::kFailedPrecondition, reason, text));
      EXPECT_TRUE(
          Fails(each->SnapshotAt(cursor, {}), StatusCode::kFailedPrecondition, reason, text));
      const Window window = Value(each->Snapshot(cursor, {}));
      EXPECT_TRUE(window.restarts_versions);
      EXPECT_FALSE(window.resumed);
      EXPECT_EQ(Value(each->Behind(window.next, {})).versions, 0);
    }
  }

  static void ExpectGoesOn(Source& source, const std::string& path, const Cursor& cursor) {
    const auto fresh = Open(path, {{"id"}, {"body"}});
    for (Source* each : {&source, fresh.get()}) {
      EXPECT_TRUE(each->Behind(cursor, {}).ok());
      EXPECT_TRUE(each->Next(cursor, {}, {}).ok());
      EXPECT_FALSE(Value(each->Snapshot(cursor, {})).restarts_versions);
    }
  }

  const TempDir folder_;
  const std::string path_ = folder_ / "docs";
};

TEST_F(Identity, ARecreatedTableWithFewerVersions) {
  CopyTable("basic", path_);
  const auto source = Open(path_, {{"id"}, {"body"}});
  const Cursor cursor = After(*source);
  Replace(path_, SparkTables() + "/recreated");
  ExpectBroken(*source, path_, cursor, reason::kTableRecreated,
               "docs: the table was dropped and created anew (now at version 2, the cursor is at "
               "version 7 of the old one)");
}

TEST_F(Identity, ARecreatedTableAtTheVeryVersionOfTheCursor) {
  CopyTable("recreated.before", path_);
  const auto source = Open(path_, {{"id"}, {"body"}});
  const Cursor cursor = After(*source);
  EXPECT_EQ(Value(source->Behind(cursor, {})).versions, 0);
  Replace(path_, SparkTables() + "/recreated");
  ExpectBroken(*source, path_, cursor, reason::kTableRecreated, "now at version 2");
}

TEST_F(Identity, ARecreatedTableThatHasGrownPastTheCursor) {
  CopyTable("recreated", path_);
  const auto source = Open(path_, {{"id"}, {"body"}});
  const Cursor cursor = After(*source);
  Replace(path_, SparkTables() + "/many_in_one");
  ExpectBroken(*source, path_, cursor, reason::kTableRecreated,
               "now at version 12, the cursor is at version 2");
}

TEST_F(Identity, ARecreatedTableWhoseLogWasCleanedPastTheCursor) {
  CopyTable("recreated", path_);
  const auto source = Open(path_, {{"id"}, {"body"}});
  const Cursor cursor = After(*source);
  Replace(path_, SparkTables() + "/log_cleaned");
  ExpectBroken(*source, path_, cursor, reason::kTableRecreated, "now at version 12");
}

TEST_F(Identity, ATablePutBackFromABackup) {
  DeltaTestTable table(path_);
  table.Append({{1, "a", "b"}});
  fs::copy(path_, folder_ / "backup", fs::copy_options::recursive);
  table.Append({{2, "a", "b"}});
  const auto source = Open(path_, {{"id"}, {"body"}});
  const Cursor cursor = After(*source);
  Replace(path_, folder_ / "backup");
  ExpectBroken(*source, path_, cursor, reason::kTableRestored,
               "docs: the table was put back from a backup, or its log was rewritten (now at "
               "version 1; version 2, where the cursor is, is another commit or gone)");
}

TEST_F(Identity, ATablePutBackAndWrittenOnPastTheCursor) {
  DeltaTestTable table(path_);
  table.Append({{1, "a", "b"}});
  fs::copy(path_, folder_ / "backup", fs::copy_options::recursive);
  table.Append({{2, "a", "b"}});
  const auto source = Open(path_, {{"id"}, {"body"}});
  const Cursor cursor = After(*source);
  Replace(path_, folder_ / "backup");
  DeltaOps& ops = DeltaOps::Shared();
  // deltalake writes to a table that our kernel made.
  EXPECT_EQ(ops.Must(R"("op":"append","rows":[[7,"other","row"]])", path_), 2);
  ExpectBroken(*source, path_, cursor, reason::kTableRestored, "now at version 2; version 2");
  EXPECT_EQ(ops.Must(R"("op":"append","rows":[[8,"other","row"]])", path_), 3);
  ExpectBroken(*source, path_, cursor, reason::kTableRestored, "now at version 3; version 2");
}

TEST_F(Identity, ABackupThatIsTheSameIsNoneOfThat) {
  CopyTable("basic", path_);
  const auto source = Open(path_, {{"id"}, {"body"}});
  const Cursor cursor = After(*source);
  fs::copy(path_, folder_ / "copy", fs::copy_options::recursive);
  Replace(path_, folder_ / "copy");  // other times, other inodes
  ExpectGoesOn(*source, path_, cursor);
}

TEST_F(Identity, RestoreAndReplaceCarryOn) {
  for (const auto& [name, version] : {std::pair("maintenance", 7), std::pair("replaced", 1)}) {
    SCOPED_TRACE(name);
    const std::string path = SparkTables() + "/" + name;
    const auto source = Open(path, {{"id"}, {"body"}});
    const Cursor cursor = Value(source->StartAt(version + 1, {}));
    ExpectGoesOn(*source, path, cursor);
  }
}

TEST_F(Identity, ReplacedWhenTheCursorsCommitIsGone) {
  // The commit after the cursor gave the table its new id: the same log, so it carries on.
  CopyTable("replaced", path_);
  const auto source = Open(path_, {{"id"}, {"body"}});
  delta::DeltaCursor cursor = Value(delta::ParseCursor(Value(source->StartAt(2, {}))));
  cursor.commit.clear();
  const std::string commit = Value(ReadTextFile(CommitFile(path_, 0)));
  const size_t at = commit.find(R"("id":")") + 6;
  cursor.table_id = commit.substr(at, 36);
  ASSERT_NE(cursor.table_id, Value(source->Check({})).table_id);
  ExpectGoesOn(*source, path_, delta::ToCursor(cursor));
  // No commit after this one did.
  cursor.version = 2;
  ExpectBroken(*source, path_, delta::ToCursor(cursor), reason::kTableRecreated, "");
}

TEST_F(Identity, ADeletedTable) {
  CopyTable("basic", path_);
  const auto source = Open(path_, {{"id"}, {"body"}});
  const Cursor cursor = After(*source);
  EXPECT_EQ(Value(source->Behind(cursor, {})).versions, 0);
  fs::remove_all(path_ + "/_delta_log");
  EXPECT_TRUE(Fails(source->Behind(cursor, {}), StatusCode::kNotFound, reason::kTableNotFound,
                    "docs: no Delta table here (no _delta_log folder). The path is read by the "
                    "daemon, on its machine."));
  EXPECT_TRUE(Fails(source->Next(cursor, {}, {}), StatusCode::kNotFound, reason::kTableNotFound,
                    "no _delta_log folder"));
  fs::remove_all(path_);
  EXPECT_TRUE(Fails(source->Behind(cursor, {}), StatusCode::kNotFound, reason::kTableNotFound,
                    "docs: no Delta table here (no such folder)"));
  // It comes back: nothing is remembered of its absence.
  CopyTable("basic", path_);
  EXPECT_EQ(Value(source->Behind(cursor, {})).versions, 0);
}

TEST_F(Identity, NewCommitsAreSeenByASourceThatIsOpen) {
  DeltaTestTable table(path_);
  const auto source = table.Open();
  const Cursor cursor = After(*source);
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(Value(source->Behind(cursor, {})).versions, i - 1);
    table.Append({{i, "t", "b"}});
    EXPECT_EQ(Value(source->Behind(cursor, {})).versions, i);
  }
  DeltaOps::Shared().Must(R"("op":"checkpoint")", path_);
  EXPECT_EQ(Value(source->Behind(cursor, {})).versions, 5);
}

}  // namespace
}  // namespace drift::testing
