// Snapshots: file by file, resumed, pinned to their version.
#include <filesystem>

#include "base/text_file.h"
#include "core/reasons.h"
#include "sources/delta/delta_cursor.h"
#include "tests/support/delta_ops.h"
#include "tests/support/delta_table.h"
#include "tests/unit/sources_delta/delta_test_util.h"

namespace drift::testing {
namespace {

const Projection kDocs{{"id"}, {"title", "body"}};

std::vector<int64_t> Ids(const std::vector<RowBatch>& batches, size_t from = 0) {
  std::vector<int64_t> ids;
  for (size_t i = from; i < batches.size(); ++i) {
    for (const SourceRow& row : batches[i].rows) ids.push_back(std::get<int64_t>(row.cells[0]));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

// Seven files of ten rows, of several commits.
class Snapshots : public ::testing::Test {
 protected:
  Snapshots() {
    for (int commit = 0; commit < 2; ++commit) {
      std::vector<std::vector<DeltaTestTable::Doc>> files;
      for (int file = 0; file < 3 + commit; ++file) files.push_back(Docs(10));
      table_.AppendFiles(files);
    }
  }

  std::vector<DeltaTestTable::Doc> Docs(int count) {
    std::vector<DeltaTestTable::Doc> docs;
    for (int i = 0; i < count; ++i) docs.push_back({next_id_++, "title", "body"});
    return docs;
  }

  const TempDir folder_;
  DeltaTestTable table_{folder_ / "docs"};
  int64_t next_id_ = 0;
};

TEST_F(Snapshots, AreResumedAtEveryFile) {
  const auto source = table_.Open();
  const Window whole = Value(source->Snapshot(std::nullopt, {}));
  EXPECT_FALSE(whole.resumed);
  EXPECT_EQ(whole.first_version, 2);
  const auto batches = Value(ReadBatches(*source, whole));
  ASSERT_EQ(Ids(batches).size(), 70u);
  int resumable = 0;
  for (size_t i = 0; i < batches.size(); ++i) {
    if (!batches[i].resume) continue;
    ++resumable;
    // Also by another process, and when the table has moved on.
    const auto other = table_.Open();
    const Window rest = Value(other->Snapshot(batches[i].resume, {}));
    EXPECT_TRUE(rest.resumed);
    EXPECT_EQ(rest.last_version, 2);
    EXPECT_EQ(rest.next, whole.next);
    EXPECT_EQ(Ids(Value(ReadBatches(*other, rest))), Ids(batches, i + 1));
    EXPECT_EQ(Value(ReadEvents(*other, rest)).size(), 70u);
    const Window next = *Value(other->Next(*batches[i].resume, {}, {}));
    EXPECT_EQ(next.kind, Window::Kind::kSnapshot);
    EXPECT_EQ(next.state, rest.state);
  }
  EXPECT_EQ(resumable, 7);
}

TEST_F(Snapshots, BatchesAreBounded) {
  const delta::DeltaOptions options{.table = table_.path(),
                                    .rows = {.batch_rows = 4, .batch_bytes = 1u << 20}};
  const auto source = Value(delta::OpenDelta(options, kDocs));
  const auto batches = Value(ReadBatches(*source, Value(source->Snapshot(std::nullopt, {}))));
  EXPECT_EQ(Ids(batches).size(), 70u);
  int resumable = 0;
  for (const RowBatch& batch : batches) {
    EXPECT_LE(batch.rows.size(), 4u);
    EXPECT_GE(batch.bytes, batch.rows.size() * 4);
    resumable += batch.resume.has_value() ? 1 : 0;
  }
  // In the middle of a file there is no way to go on.
  EXPECT_EQ(resumable, 7);
  const delta::DeltaOptions tight{.table = table_.path(),
                                  .rows = {.batch_rows = 1000, .batch_bytes = 1}};
  const auto bytes = Value(delta::OpenDelta(tight, kDocs));
  for (const RowBatch& batch :
       Value(ReadBatches(*bytes, Value(bytes->Snapshot(std::nullopt, {}))))) {
    EXPECT_EQ(batch.rows.size(), 1u);
  }
}

TEST_F(Snapshots, StayAtTheirVersionWhileTheTableMoves) {
  const auto source = table_.Open();
  const Window whole = Value(source->Snapshot(std::nullopt, {}));
  const auto batches = Value(ReadBatches(*source, whole));
  const auto resume = std::find_if(batches.begin(), batches.end(),
                                   [](const RowBatch& batch) { return batch.resume.has_value(); });
  ASSERT_NE(resume, batches.end());
  DeltaOps::Shared().Must(R"("op":"delete","where":"id < 35")", table_.path());
  const Window rest = Value(source->Snapshot(resume->resume, {}));
  EXPECT_EQ(rest.last_version, 2);
  EXPECT_TRUE(rest.resumed);
  EXPECT_EQ(Value(ReadEvents(*source, rest)).size(), 70u);
  // In the middle of it, its own version is still to come.
  EXPECT_EQ(Value(source->Behind(*resume->resume, {})).versions, 2);
  // A new snapshot is of the latest version.
  EXPECT_EQ(Value(source->Snapshot(whole.next, {})).last_version, 3);
  const auto after = Value(source->Next(rest.next, {}, {}));
  EXPECT_EQ(after->first_version, 3);
}

TEST_F(Snapshots, AreReplacedWhenTheirFilesAreVacuumed) {
  const auto source = table_.Open();
  const Window whole = Value(source->Snapshot(std::nullopt, {}));
  const auto batches = Value(ReadBatches(*source, whole));
  const auto resume = std::find_if(batches.begin(), batches.end(),
                                   [](const RowBatch& batch) { return batch.resume.has_value(); });
  DeltaOps& ops = DeltaOps::Shared();
  ops.Must(R"("op":"delete","where":"id < 35")", table_.path());
  ops.Must(R"("op":"vacuum")", table_.path());
  const Window anew = Value(source->Snapshot(resume->resume, {}));
  EXPECT_FALSE(anew.resumed);
  EXPECT_FALSE(anew.restarts_versions);
  EXPECT_GT(anew.last_version, 2);
  EXPECT_EQ(Value(ReadEvents(*source, anew)).size(), 35u);
  EXPECT_EQ(Value(source->Next(*resume->resume, {}, {}))->state, anew.state);
  // A window that was taken before says so when it gets there.
  EXPECT_TRUE(Fails(ReadEvents(*source, whole), StatusCode::kOutOfRange, reason::kHistoryGone,
                    "docs: files of version 2 were removed by VACUUM"));
}

TEST_F(Snapshots, OfDeletionVectorsAreReplacedWhenThoseAreGone) {
  const TempDir folder;
  const std::string path = CopyTable("deletion_vectors", folder / "t");
  const auto source = Open(path, {{"id"}, {"body"}});
  const delta::DeltaCursor cursor{.phase = delta::DeltaCursor::Phase::kSnapshot,
                                  .version = 3,
                                  .file = 1,
                                  .table_id = Value(source->Check({})).table_id};
  EXPECT_TRUE(Value(source->Snapshot(delta::ToCursor(cursor), {})).resumed);
  for (const auto& file : std::filesystem::directory_iterator(path)) {
    if (file.path().extension() == ".bin") std::filesystem::remove(file);
  }
  const auto fresh = Open(path, {{"id"}, {"body"}});
  EXPECT_FALSE(Value(fresh->Snapshot(delta::ToCursor(cursor), {})).resumed);
}

TEST_F(Snapshots, OfAVersionWhoseLogIsGoneAreReplaced) {
  const std::string path = SparkTables() + "/log_cleaned";
  const auto source = Open(path, {{"id"}, {"body"}});
  const delta::DeltaCursor cursor{.phase = delta::DeltaCursor::Phase::kSnapshot,
                                  .version = 3,
                                  .file = 1,
                                  .table_id = Value(source->Check({})).table_id};
  const Window anew = Value(source->Snapshot(delta::ToCursor(cursor), {}));
  EXPECT_FALSE(anew.resumed);
  EXPECT_EQ(anew.last_version, 12);
}

TEST_F(Snapshots, AFileOfTheLatestVersionThatIsMissingIsDamage) {
  const auto source = table_.Open();
  const Window whole = Value(source->Snapshot(std::nullopt, {}));
  for (const auto& file : std::filesystem::directory_iterator(table_.path())) {
    if (file.path().extension() == ".parquet") {
      std::filesystem::remove(file);
      break;
    }
  }
  EXPECT_TRUE(Fails(ReadEvents(*source, whole), StatusCode::kDataLoss, reason::kTableCorrupt,
                    "docs: a data file of the latest version, 2, is missing"));
}

TEST_F(Snapshots, OfAnEmptyTable) {
  const TempDir folder;
  DeltaTestTable table(folder / "empty");
  const auto source = table.Open();
  const Window window = Value(source->Snapshot(std::nullopt, {}));
  EXPECT_EQ(window.last_version, 0);
  EXPECT_TRUE(Value(ReadEvents(*source, window)).empty());
  EXPECT_TRUE(Value(ReadBatches(*source, window)).empty());
  EXPECT_EQ(Value(source->Check({})).rows, 0);
}

TEST_F(Snapshots, AtACursorReadsTheTableAsItWas) {
  const Projection projection{{"id"}, {"body"}};
  const auto source = Open(SparkTables() + "/many_in_one", projection);
  const Cursor cursor = Value(source->StartAt(9, {}));
  const Window window = Value(source->SnapshotAt(cursor, {}));
  EXPECT_EQ(window.last_version, 8);
  EXPECT_EQ(window.next, cursor);
  EXPECT_EQ(Value(ReadEvents(*source, window)).size(), 19u);
  EXPECT_TRUE(Fails(source->SnapshotAt(Value(source->StartAt(0, {})), {}),
                    StatusCode::kInvalidArgument, "", "nothing of the table has been applied yet"));
  const auto vacuumed = Open(SparkTables() + "/vacuumed", projection);
  const auto old = vacuumed->SnapshotAt(Value(vacuumed->StartAt(3, {})), {});
  EXPECT_TRUE(Fails(ReadRowTexts(*vacuumed, projection, Value(old)), StatusCode::kOutOfRange,
                    reason::kHistoryGone, "vacuumed: files of version 2 were removed by VACUUM"));
}

}  // namespace
}  // namespace drift::testing
