// What goes wrong, and the words a person sees for it.
#include <filesystem>
#include <fstream>

#include "base/text_file.h"
#include "core/reasons.h"
#include "sources/delta/delta_cursor.h"
#include "tests/support/delta_ops.h"
#include "tests/support/delta_table.h"
#include "tests/unit/sources_delta/delta_test_util.h"

namespace drift::testing {
namespace {

namespace fs = std::filesystem;

class Errors : public ::testing::Test {
 protected:
  // All that a pipeline does with a table, up to its last row; the first error.
  static Status ReadAll(Source& source, const std::optional<Cursor>& from = std::nullopt) {
    RETURN_IF_ERROR(source.Check({}).status());
    Cursor cursor;
    Replica replica(source, kProjection);
    if (from) {
      cursor = *from;
    } else {
      ASSIGN_OR_RETURN(const Window window, source.Snapshot(std::nullopt, {}));
      RETURN_IF_ERROR(replica.Apply(window));
      cursor = window.next;
    }
    return CatchUp(source, replica, cursor, {}).status();
  }

  static void ReplaceIn(const std::string& file, std::string_view from, std::string_view to) {
    std::string text = Value(ReadTextFile(file));
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from << " in " << file;
    text.replace(at, from.size(), to);
    ASSERT_TRUE(WriteTextFile(file, text).ok());
  }

  // They repeat protocol and metadata, and are believed.
  void RemoveChecksums() {
    for (int version = 0; version < 20; ++version) {
      fs::remove(fmt::format("{}/_delta_log/{:020}.crc", path_, version));
    }
  }

  static std::string FirstFile(const std::string& folder) {
    for (const auto& file : fs::directory_iterator(folder)) {
      if (file.path().extension() == ".parquet") return file.path();
    }
    return "";
  }

  static inline const Projection kProjection{{"id"}, {"body"}};
  const TempDir folder_;
  const std::string path_ = folder_ / "docs";
};

TEST_F(Errors, NoTableThere) {
  const auto expect = [&](std::string_view why) {
    const auto source = Open(path_, kProjection);
    const std::string text = fmt::format(
        "{}: no Delta table here ({}). The path is read by the "
        "daemon, on its machine.",
        path_, why);
    EXPECT_TRUE(Fails(source->Check({}), StatusCode::kNotFound, reason::kTableNotFound, text));
    EXPECT_TRUE(Fails(source->Snapshot(std::nullopt, {}), StatusCode::kNotFound,
                      reason::kTableNotFound, text));
  };
  expect("no such folder");
  fs::create_directories(path_);
  expect("no _delta_log folder");
  fs::create_directories(path_ + "/_delta_log");
  expect("no _delta_log folder");
  std::ofstream(path_ + "/_delta_log/notes.txt") << "not a commit";
  expect("no _delta_log folder");
  fs::remove_all(path_);
  std::ofstream(path_) << "a file";
  expect("no such folder");
}

TEST_F(Errors, MissingColumns) {
  const std::string basic = SparkTables() + "/basic";
  const auto check = [&](const Projection& projection) {
    return Open(basic, projection)->Check({}).status();
  };
  EXPECT_TRUE(Fails(check({{"id"}, {"bodi"}}), StatusCode::kFailedPrecondition,
                    reason::kColumnMissing,
                    "basic: no column 'bodi'; it has id, title, body, category"));
  EXPECT_TRUE(Fails(check({{"ID"}, {"body"}}), StatusCode::kFailedPrecondition,
                    reason::kColumnMissing,
                    "basic: no column 'ID'; did you mean 'id'? (names are case-sensitive)"));
  EXPECT_TRUE(Fails(Open(basic, {{"nope"}, {}})->Snapshot(std::nullopt, {}),
                    StatusCode::kFailedPrecondition, reason::kColumnMissing, "no column 'nope'"));
  EXPECT_TRUE(Fails(Open(SparkTables() + "/types", {{"tags"}, {}})->Check({}),
                    StatusCode::kInvalidArgument, "",
                    "types: key column 'tags' is of type array<string>; a key must be of a simple "
                    "type"));
  EXPECT_TRUE(Fails(delta::OpenDelta({.table = basic}, {{}, {"body"}}),
                    StatusCode::kInvalidArgument, "", "basic: no key columns"));
}

TEST_F(Errors, RenamedAndDroppedColumnsAreCalledSo) {
  const std::string path = SparkTables() + "/column_mapping";
  const std::string id = Value(Open(path, {{"doc_id"}, {}})->Check({})).table_id;
  const Cursor cursor = delta::ToCursor({.version = 2, .table_id = id, .feed = true});
  const auto next = [&](const Projection& projection) {
    return Open(path, projection)->Next(cursor, {}, {}).status();
  };
  EXPECT_TRUE(Fails(next({{"id"}, {"content"}}), StatusCode::kFailedPrecondition,
                    reason::kColumnMissing,
                    "column_mapping: column 'id' was renamed to 'doc_id' (seen at version 10)"));
  EXPECT_TRUE(Fails(next({{"doc_id"}, {"body"}}), StatusCode::kFailedPrecondition,
                    reason::kColumnMissing, "column 'body' was renamed to 'content'"));
  const Cursor later = delta::ToCursor({.version = 5, .table_id = id, .feed = true});
  EXPECT_TRUE(Fails(Open(path, {{"doc_id"}, {"kind"}})->Next(later, {}, {}),
                    StatusCode::kFailedPrecondition, reason::kColumnMissing,
                    "column 'kind' was dropped (seen at version 10)"));
  EXPECT_TRUE(Fails(Open(path, {{"doc_id"}, {"kind"}})->Snapshot(later, {}),
                    StatusCode::kFailedPrecondition, reason::kColumnMissing, "was dropped"));
}

TEST_F(Errors, AKeyOfAnotherType) {
  const std::string path = SparkTables() + "/key_retyped";
  const auto source = Open(path, kProjection);
  const std::string id = Value(source->Check({})).table_id;
  const auto at = [&](int64_t version, std::string_view type) {
    return delta::ToCursor(
        {.version = version, .table_id = id, .feed = true, .keys = {{"id", std::string(type)}}});
  };
  EXPECT_TRUE(Fails(source->Next(at(1, "integer"), {}, {}), StatusCode::kFailedPrecondition,
                    reason::kKeyTypeChanged,
                    "key_retyped: key column 'id' was of type integer and is of type string at "
                    "version 2; its keys no longer name the same rows"));
  // The remedy is a new snapshot, which must not be refused for the same reason.
  const Window anew = Value(source->Snapshot(at(1, "integer"), {}));
  EXPECT_EQ(Value(ReadEvents(*source, anew)), (Events{R"(2 insert ["1"])", R"(2 insert ["b"])"}));
  // Nor may an unfinished snapshot of the old keys go on.
  delta::DeltaCursor middle = Value(delta::ParseCursor(at(1, "integer")));
  middle.phase = delta::DeltaCursor::Phase::kSnapshot;
  EXPECT_EQ(Value(source->Snapshot(delta::ToCursor(middle), {})).last_version, 2);
  EXPECT_TRUE(ReadAll(*source, Value(source->StartAt(3, {}))).ok());
}

TEST_F(Errors, AWiderKeyIsTheSameKey) {
  const auto source = Open(SparkTables() + "/widening", kProjection);
  const std::string id = Value(source->Check({})).table_id;
  const Cursor cursor =
      delta::ToCursor({.version = 1, .table_id = id, .feed = true, .keys = {{"id", "integer"}}});
  EXPECT_TRUE(ReadAll(*source, cursor).ok());
}

TEST_F(Errors, ACommitThatReplacesColumnsByOthersOfAnotherType) {
  const auto source = Open(SparkTables() + "/key_retyped", {{"body"}, {"id"}});
  const Status status = ReadAll(*source, Value(source->StartAt(2, {})));
  EXPECT_TRUE(Fails(status, StatusCode::kOutOfRange, reason::kHistoryGone,
                    "key_retyped: the changes of version 2 cannot be read, because it replaced "
                    "columns by others of another type"));
  EXPECT_TRUE(ReadAll(*source).ok());
}

TEST_F(Errors, ALogThatWasCleaned) {
  const auto source = Open(SparkTables() + "/log_cleaned", kProjection);
  const std::string id = Value(source->Check({})).table_id;
  const auto at = [&](int64_t version) {
    return delta::ToCursor({.version = version, .table_id = id, .feed = true});
  };
  EXPECT_TRUE(Fails(source->Next(at(2), {}, {}), StatusCode::kOutOfRange, reason::kHistoryGone,
                    "log_cleaned: the log of versions 3 to 12 was cleaned away. The earliest "
                    "version that can still be read is 10."));
  // Commits 8 and 9 are there, but nothing to read them against.
  EXPECT_EQ(Reason(source->Next(at(7), {}, {}).status()), reason::kHistoryGone);
  EXPECT_EQ(Value(source->Next(at(9), {}, {}))->first_version, 10);
  const Lag lag = Value(source->Behind(at(2), {}));
  EXPECT_EQ(lag.versions, 10);
  EXPECT_FALSE(lag.oldest_unapplied.has_value());
}

TEST_F(Errors, AFeedThatWasVacuumed) {
  const auto source = Open(SparkTables() + "/vacuumed", kProjection);
  const Window window = *Value(source->Next(Value(source->StartAt(0, {})), {}, {}));
  const std::string text =
      "vacuumed: files of the changes of versions 0 to 8 were removed by VACUUM";
  EXPECT_TRUE(
      Fails(ReadEvents(*source, window), StatusCode::kOutOfRange, reason::kHistoryGone, text));
  EXPECT_TRUE(
      Fails(ReadBatches(*source, window), StatusCode::kOutOfRange, reason::kHistoryGone, text));
  EXPECT_TRUE(ReadAll(*source).ok());
  EXPECT_TRUE(ReadAll(*source, Value(source->StartAt(5, {}))).ok());
}

TEST_F(Errors, AnUnknownReaderFeature) {
  CopyTable("modern", path_);
  ReplaceIn(CommitFile(path_, 0), R"("readerFeatures":[)", R"("readerFeatures":["futureThing",)");
  ReplaceIn(CommitFile(path_, 0), R"("writerFeatures":[)", R"("writerFeatures":["futureThing",)");
  RemoveChecksums();
  const auto source = Open(path_, kProjection);
  EXPECT_TRUE(Fails(ReadAll(*source), StatusCode::kFailedPrecondition, reason::kUnsupportedTable,
                    "futureThing"));
}

TEST_F(Errors, ATableManagedByACatalog) {
  CopyTable("modern", path_);
  ReplaceIn(CommitFile(path_, 0), R"("readerFeatures":[)",
            R"("readerFeatures":["catalogManaged",)");
  ReplaceIn(CommitFile(path_, 0), R"("writerFeatures":[)",
            R"("writerFeatures":["catalogManaged",)");
  RemoveChecksums();
  EXPECT_TRUE(Fails(ReadAll(*Open(path_, kProjection)), StatusCode::kFailedPrecondition,
                    reason::kUnsupportedTable, "docs: the table is managed by a catalog"));
}

TEST_F(Errors, BrokenJsonInTheLog) {
  CopyTable("basic", path_);
  std::ofstream(CommitFile(path_, 7), std::ios::app) << "{\"add\": {\"path\": broken\n";
  RemoveChecksums();
  const auto source = Open(path_, kProjection);
  EXPECT_TRUE(Fails(ReadAll(*source), StatusCode::kDataLoss, reason::kTableCorrupt,
                    "docs: the table cannot be read: "));
}

TEST_F(Errors, AHoleInTheLog) {
  CopyTable("basic", path_);
  fs::remove(CommitFile(path_, 3));
  const auto source = Open(path_, kProjection);
  EXPECT_TRUE(Fails(source->Check({}), StatusCode::kDataLoss, reason::kTableCorrupt,
                    "docs: the table cannot be read: Table version 3 is missing"));
}

TEST_F(Errors, ATruncatedDataFile) {
  DeltaTestTable table(path_);
  table.Append({{1, "title", std::string(2000, 'x')}});
  const std::string file = FirstFile(path_);
  for (const uintmax_t size : {fs::file_size(file) - 10, uintmax_t{100}, uintmax_t{0}}) {
    fs::resize_file(file, size);
    EXPECT_TRUE(Fails(ReadAll(*Open(path_, kProjection)), StatusCode::kDataLoss,
                      reason::kTableCorrupt, "docs: the table cannot be read: "))
        << size;
  }
}

TEST_F(Errors, ADataFileOfGarbage) {
  DeltaTestTable table(path_);
  table.Append({{1, "title", std::string(2000, 'x')}});
  const std::string file = FirstFile(path_);
  const auto size = fs::file_size(file);
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  for (uintmax_t at = 8; at + 8 < size; at += 3) {
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put('\x5a');
  }
  stream.close();
  const Status status = ReadAll(*Open(path_, kProjection));
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << Message(status);
}

TEST_F(Errors, ARemoveThatDoesNotSayTheSize) {
  // Optional in the protocol; the file is then asked for its size.
  CopyTable("overwrites", path_);
  for (int version = 0; version <= 6; ++version) {
    std::string text = Value(ReadTextFile(CommitFile(path_, version)));
    size_t at = 0;
    while ((at = text.find(R"({"remove")", at)) != std::string::npos) {
      const size_t size = text.find(R"(,"size":)", at);
      const size_t end = text.find_first_of(",}", size + 1);
      text.erase(size, end - size);
      at = size;
    }
    ASSERT_TRUE(WriteTextFile(CommitFile(path_, version), text).ok());
  }
  const auto source = Open(path_, kProjection);
  const auto whole = Open(SparkTables() + "/overwrites", kProjection);
  const Window window = *Value(source->Next(Value(source->StartAt(0, {})), {}, {}));
  const Window expected = *Value(whole->Next(Value(whole->StartAt(0, {})), {}, {}));
  EXPECT_EQ(window.last_version, 6);
  EXPECT_TRUE(Same(Value(ReadEvents(*source, window)), Value(ReadEvents(*whole, expected))));
}

TEST_F(Errors, ACommitWithoutContent) {
  DeltaTestTable table(path_);
  const int64_t version = table.Append({{1, "t", "b"}});
  WriteCommit(path_, version + 1,
              R"({"commitInfo":{"operation":"NOTHING"}})"
              "\n");
  WriteCommit(path_, version + 2, "");
  WriteCommit(path_, version + 3, "\n");
  const auto source = Open(path_, kProjection);
  const Window window = *Value(source->Next(Value(source->StartAt(0, {})), {}, {}));
  EXPECT_EQ(window.last_version, 4);
  EXPECT_EQ(Value(ReadEvents(*source, window)), Events{"1 insert [1]"});
}

TEST_F(Errors, PathsOfAllKinds) {
  for (const std::string_view name :
       {"with space", "per%20cent", "100%", "q?mark", "ha#sh", "東京 données", "a=b", "it's", "[x]",
        "plus+", "a%2Fb", "..dots", "back\\slash", "tilde~", "*star"}) {
    SCOPED_TRACE(name);
    DeltaTestTable table(folder_ / std::string(name));
    table.Append({{1, "t", "b"}});
    const auto source = Open(table.path(), kProjection);
    EXPECT_TRUE(ReadAll(*source).ok()) << Message(ReadAll(*source));
    EXPECT_TRUE(fs::exists(folder_ / std::string(name) + "/_delta_log")) << "elsewhere";
  }
}

TEST_F(Errors, ThroughASymbolicLink) {
  DeltaTestTable table(folder_ / "real");
  table.Append({{1, "t", "b"}});
  fs::create_symlink(folder_ / "real", path_);
  const auto source = Open(path_, kProjection);
  EXPECT_TRUE(ReadAll(*source).ok());
  EXPECT_EQ(Value(source->Check({})).rows, 1);
}

TEST_F(Errors, ACursorThatIsNone) {
  const auto source = Open(SparkTables() + "/basic", kProjection);
  const Cursor cursor{"3"};
  const std::string text = "the cursor of a Delta table: ";
  EXPECT_TRUE(Fails(source->Next(cursor, {}, {}), StatusCode::kInvalidArgument, "", text));
  EXPECT_TRUE(Fails(source->Behind(cursor, {}), StatusCode::kInvalidArgument, "", text));
  EXPECT_TRUE(Fails(source->Snapshot(cursor, {}), StatusCode::kInvalidArgument, "", text));
  EXPECT_TRUE(Fails(source->SnapshotAt(cursor, {}), StatusCode::kInvalidArgument, "", text));
}

TEST_F(Errors, AWindowOfAnotherPipeline) {
  const auto source = Open(SparkTables() + "/basic", kProjection);
  const auto other = Open(SparkTables() + "/basic", {{"id"}, {}});
  const Window window = Value(other->Snapshot(std::nullopt, {}));
  EXPECT_TRUE(Fails(source->ReadRows(window, {}), StatusCode::kInvalidArgument, "",
                    "basic: the window is of another pipeline"));
  EXPECT_TRUE(Fails(source->ReadKeys(window, {}), StatusCode::kInvalidArgument, "",
                    "basic: the window is of another pipeline"));
}

}  // namespace
}  // namespace drift::testing
