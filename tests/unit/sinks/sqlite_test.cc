// What only SQLite has: a file that can be looked at, replaced, locked and full.
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include "base/text_file.h"
#include "core/reasons.h"
#include "net/sqlite.h"
#include "tests/support/process.h"
#include "tests/unit/sinks/sink_test_base.h"

namespace drift::testing {
namespace {

using ::testing::HasSubstr;

class SqliteSinkTest : public ::testing::Test {
 protected:
  std::unique_ptr<Sink> Open(const std::string& collection = "docs") {
    return OpenAt("sqlite://" + path_ + "?collection=" + collection);
  }
  std::unique_ptr<SqliteDatabase> Database() { return SqliteDatabase::Open(path_, {}).value(); }
  static std::string Query(SqliteDatabase& db, const std::string& sql) {
    auto rows = db.Prepare(sql);
    EXPECT_TRUE(rows.ok()) << rows.status();
    std::string out;
    while (rows->Step().value_or(false)) {
      for (int column = 0; column < rows->columns(); ++column) {
        out += (column > 0 ? "|" : "") + rows->String(column);
      }
      out += "\n";
    }
    return out;
  }
  static int64_t Count(Sink& sink) {
    const auto source = sink.DescribeSource("docs", {});
    EXPECT_TRUE(source.ok()) << source.status();
    return source.ok() ? source->points : -1;
  }

  TempDir folder_;
  const std::string path_ = folder_ / "index.db";
};

TEST_F(SqliteSinkTest, Layout) {
  const auto sink = Open();
  Prepare(*sink, MakeSpec());
  Point point = MakePoint(1);
  point.text = "the text";
  point.payload = {{"category", std::string("billing")}, {"n", int64_t{5}}};
  Write(*sink, {point});
  const auto db = Database();
  EXPECT_EQ(Query(*db, "SELECT group_concat(name) FROM pragma_table_info('docs')"),
            "id,embedding,key,chunk,source,source_version,revision,run_id,model,text_sha256,"
            "embedded_at,payload,text\n");
  EXPECT_EQ(Query(*db,
                  "SELECT lower(hex(id)), length(embedding), key, chunk, source, "
                  "source_version, revision, run_id, model, text_sha256, embedded_at, "
                  "payload, text, typeof(id), typeof(embedding) FROM docs"),
            [&] {
              std::string id = point.id.ToString();
              std::erase(id, '-');
              return id;
            }() +
                "|16|[\"KB-1\"]|0|docs|7|3|01JRUN|shadow/4|"
                "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1|"
                "2025-11-24T16:00:00.123456Z|{\"category\":\"billing\",\"n\":5}|the text|blob|"
                "blob\n");
  EXPECT_EQ(Query(*db, "SELECT name, stamp FROM drift_collections"),
            R"(docs|{"model":"shadow/4","fingerprint":"f1","dimensions":4,"metric":"cosine",)"
            R"("sources":{"docs":{"ledger":"01JLEDGER","revision":3}}})"
            "\n");
  auto row = db->Prepare("SELECT embedding FROM docs").value();
  ASSERT_TRUE(row.Step().value_or(false));
  float first = 0;
  std::memcpy(&first, row.Blob(0).data(), sizeof(first));
  EXPECT_EQ(first, point.vector.values()[0]);
}

TEST_F(SqliteSinkTest, LookingLeavesNoFile) {
  const auto info = Open()->Describe({});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_FALSE(info->exists);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SqliteSinkTest, FoldersAreMadeForTheirOwnerOnly) {
  const std::string deep = folder_ / "a/b/index.db";
  EXPECT_TRUE(Prepare(*OpenAt("sqlite://" + deep + "?collection=docs"), MakeSpec()));
  struct stat info;
  ASSERT_EQ(stat((folder_ / "a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(stat(deep.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SqliteSinkTest, AFolderThatCannotBeMadeIsNamed) {
  ASSERT_TRUE(WriteTextFile(folder_ / "file", "x").ok());
  const auto sink = OpenAt("sqlite://" + (folder_ / "file/index.db") + "?collection=docs");
  const Status status = sink->Prepare(MakeSpec(), {}).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(Message(status)), HasSubstr("file"));
}

TEST_F(SqliteSinkTest, AFileThatWasRemovedIsNoticed) {
  const auto sink = Open();
  Prepare(*sink, MakeSpec());
  Write(*sink, MakePoints(3));
  for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + part);
  // Not written into the file that has no name any more.
  EXPECT_EQ(sink->Write({"docs", MakePoints(3)}, {}).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(sink->Describe({})->exists);
  EXPECT_TRUE(Prepare(*sink, MakeSpec()));
  Write(*sink, MakePoints(2));
  EXPECT_EQ(Count(*Open()), 2);
}

TEST_F(SqliteSinkTest, AFileThatWasReplacedIsNoticed) {
  const auto sink = Open();
  Prepare(*sink, MakeSpec());
  Write(*sink, MakePoints(3));
  const std::string other = folder_ / "other.db";
  {
    const auto made = OpenAt("sqlite://" + other + "?collection=docs");
    Prepare(*made, MakeSpec());
    Write(*made, MakePoints(7));
  }
  for (const char* part : {"-wal", "-shm"}) std::filesystem::remove(path_ + part);
  std::filesystem::rename(other, path_);
  EXPECT_EQ(Count(*sink), 7);
}

TEST_F(SqliteSinkTest, WhatIsNoDatabaseIsLeftAlone) {
  ASSERT_TRUE(WriteTextFile(path_, std::string(5000, 'x')).ok());
  const auto sink = Open();
  for (const Status& status :
       {sink->Describe({}).status(), sink->Prepare(MakeSpec(), {}).status()}) {
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
    EXPECT_THAT(std::string(Message(status)), HasSubstr(path_));
  }
  EXPECT_EQ(ReadTextFile(path_).value(), std::string(5000, 'x'));
}

TEST_F(SqliteSinkTest, ATableOfOthersIsRefused) {
  ASSERT_TRUE(Database()->Execute("CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT)").ok());
  const Status refused = Open()->Prepare(MakeSpec(), {}).status();
  EXPECT_EQ(Reason(refused), reason::kCollectionDiffers) << refused;
  EXPECT_THAT(std::string(Message(refused)), HasSubstr("was not made by Drift"));
}

TEST_F(SqliteSinkTest, NamesThatDifferInCaseAreOneCollection) {
  EXPECT_TRUE(Prepare(*Open("docs"), MakeSpec()));
  EXPECT_FALSE(Prepare(*Open("Docs"), MakeSpec()));
}

TEST_F(SqliteSinkTest, CollectionsOfOneFileDoNotMix) {
  const auto docs = Open("docs");
  const auto tickets = Open("tickets");
  EXPECT_TRUE(Prepare(*docs, MakeSpec(4)));
  EXPECT_TRUE(Prepare(*tickets, MakeSpec(8)));
  Write(*docs, MakePoints(3, 4));
  Write(*tickets, MakePoints(5, 8));
  ASSERT_TRUE(docs->Drop("docs", {}).ok());
  EXPECT_EQ(Count(*tickets), 5);
}

TEST_F(SqliteSinkTest, PagesFitTheVectors) {
  Prepare(*Open(), MakeSpec(1536));
  EXPECT_EQ(Database()->QueryInt("PRAGMA page_size").value_or(0), 16384);
  EXPECT_EQ(Query(*Database(), "PRAGMA journal_mode"), "wal\n");
}

TEST_F(SqliteSinkTest, SomebodyElsesLockIsWaitedForAndCanBeCancelled) {
  const auto sink = Open();
  Prepare(*sink, MakeSpec());
  const auto other = Database();
  auto lock = SqliteTransaction::Begin(*other, SqliteTransaction::Kind::kWrite);
  ASSERT_TRUE(lock.ok());
  std::stop_source stop;
  Status status;
  std::jthread writer([&] {
    status = sink->Write({"docs", MakePoints(3)}, stop.get_token()).status();
  });
  Clock::Real().Sleep(std::chrono::milliseconds(20), {});
  stop.request_stop();
  writer.join();
  EXPECT_EQ(status.code(), StatusCode::kCancelled) << status;
  // Readers do not wait.
  EXPECT_EQ(Count(*sink), 0);
}

// A file system of its own that is soon full.
class SmallDisk {
 public:
  SmallDisk() { mounted_ = mount("none", folder_.path().c_str(), "tmpfs", 0, "size=1m") == 0; }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  TempDir folder_;
  bool mounted_ = false;
};

TEST_F(SqliteSinkTest, AFullDiskSaysSoAndLosesNothing) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a small disk";
  const auto sink = OpenAt("sqlite://" + (disk / "index.db") + "?collection=docs");
  Prepare(*sink, MakeSpec(256));
  Write(*sink, MakePoints(10, 256));
  Status status;
  for (int round = 1; round < 100 && status.ok(); ++round) {
    std::vector<Point> points;
    for (int n = 0; n < 50; ++n) points.push_back(MakePoint(round * 1000 + n, 256));
    status = sink->Write({"docs", points}, {}).status();
  }
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(Reason(status), reason::kDiskFull);
  EXPECT_FALSE(IsRetryable(status));
  EXPECT_THAT(std::string(Message(status)), HasSubstr(disk / "index.db"));
  // What was written before is there, whole batches of it.
  EXPECT_EQ(Count(*sink) % 50, 10);
}

}  // namespace
}  // namespace drift::testing
