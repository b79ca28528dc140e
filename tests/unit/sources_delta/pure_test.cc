// Cursors, addresses and columns: what needs no table.
#include <random>

#include "core/reasons.h"
#include "sources/delta/columns.h"
#include "sources/delta/delta_cursor.h"
#include "sources/delta/table_address.h"
#include "sources/delta/window_notes.h"
#include "tests/unit/sources_delta/delta_test_util.h"

namespace drift::testing {
namespace {

using delta::DeltaCursor;
using delta::NormalizeTable;
using delta::ParseCursor;
using delta::TableInfo;
using delta::ToCursor;
using delta::WindowNotes;

DeltaCursor Sample() {
  return {.version = 7,
          .table_id = "a-b",
          .commit = "00ff",
          .feed = true,
          .keys = {{"id", "integer"}, {"odd \"name\"\n", "string"}}};
}

TEST(DeltaCursor, ComesBack) {
  EXPECT_EQ(Value(ParseCursor(ToCursor(Sample()))), Sample());
  DeltaCursor cursor = Sample();
  cursor.phase = DeltaCursor::Phase::kSnapshot;
  cursor.file = 12;
  EXPECT_EQ(Value(ParseCursor(ToCursor(cursor))), cursor);
  EXPECT_EQ(Value(ParseCursor(ToCursor({}))), DeltaCursor());
}

// Cursors lie in ledgers: what this release writes, a later one must read.
TEST(DeltaCursor, HasAFixedForm) {
  EXPECT_EQ(ToCursor(Sample()).token,
            R"({"format":1,"phase":"at","version":7,"table_id":"a-b","commit":"00ff","feed":true,)"
            R"("keys":{"id":"integer","odd \"name\"\n":"string"}})");
}

TEST(DeltaCursor, RefusesWhatIsNone) {
  const auto refuse = [](const std::string& token, std::string_view text) {
    EXPECT_TRUE(Fails(ParseCursor({token}), StatusCode::kInvalidArgument, "", text)) << token;
  };
  refuse("", "the cursor of a Delta table: not JSON");
  refuse("7", "the cursor of a Delta table: ");
  refuse("{}", "format");
  refuse(R"({"format":2})", "format 2 is of a later release; this one knows 1");
  refuse(R"({"format":1,"phase":"x","version":1})", "unknown phase");
  refuse(R"({"format":1,"phase":"at","version":-2})", "version -2");
  refuse(R"({"format":1,"phase":"snapshot","version":-1,"file":0})", "version -1");
  refuse(R"({"format":1,"phase":"snapshot","version":1,"file":-1})", "file -1");
  refuse(R"({"format":1,"phase":"snapshot","version":1})", "file");
  refuse(R"({"format":1,"phase":"at","version":1,"table_id":7})", "table_id");
  refuse(R"({"format":1,"phase":"at","version":1e30})", "version");
}

TEST(DeltaCursor, SurvivesAnyDamage) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  DeltaCursor middle = Sample();
  middle.phase = DeltaCursor::Phase::kSnapshot;
  for (int i = 0; i < 20'000; ++i) {
    std::string token = ToCursor(i % 2 == 0 ? Sample() : middle).token;
    for (uint64_t edits = random() % 4 + 1; edits > 0; --edits) {
      const size_t at = random() % token.size();
      switch (random() % 4) {
        case 0:
          token[at] = static_cast<char>(random());
          break;
        case 1:
          token.erase(at, random() % 8 + 1);
          break;
        case 2:
          token.insert(at, token.substr(random() % token.size(), random() % 12));
          break;
        default:
          token.resize(at + 1);
          break;
      }
      if (token.empty()) token = "{";
    }
    const auto parsed = ParseCursor({token});
    // What is accepted is a cursor: written again it is the same one.
    if (parsed.ok()) {
      ASSERT_EQ(Value(ParseCursor(ToCursor(*parsed))), *parsed) << token;
    }
  }
}

TEST(WindowNotes, ComeBack) {
  const WindowNotes notes{3, {"id", "", "odd \"name\""}};
  EXPECT_EQ(Value(delta::NotesFromJson(delta::NotesToJson(notes))), notes);
  EXPECT_TRUE(Fails(delta::NotesFromJson("[]"), StatusCode::kInvalidArgument, "",
                    "the state of a window: "));
}

TEST(NormalizeTable, HasOneFormPerTable) {
  const auto expect = [](const std::string& table, const std::string& normal) {
    EXPECT_EQ(Value(NormalizeTable(table)), normal);
    EXPECT_EQ(Value(NormalizeTable(normal)), normal);
  };
  expect("/data/docs", "/data/docs");
  expect("/data//x/../docs/", "/data/docs");
  expect("/", "/");
  expect("/a b/%20/ü", "/a b/%20/ü");
  expect("file:///data/docs/", "/data/docs");
  expect("FILE:///data/docs", "/data/docs");
  expect("s3://lake/docs", "s3://lake/docs");
  expect("S3://lake//docs/", "s3://lake/docs");
  expect("s3://lake", "s3://lake");
  expect("az://container/docs", "az://container/docs");
  expect("gs://lake/a/b", "gs://lake/a/b");
}

TEST(NormalizeTable, RefusesWithTheRemedy) {
  const auto refuse = [](const std::string& table, std::string_view text) {
    EXPECT_TRUE(Fails(NormalizeTable(table), StatusCode::kInvalidArgument, "", text)) << table;
  };
  refuse("", "the table's address is empty");
  refuse("docs",
         "docs: a relative path, and the daemon does not know relative to what. Write the "
         "absolute path, or a URL such as s3://bucket/path.");
  refuse("./docs", "./docs: a relative path");
  refuse("http://x/y",
         "http://x/y: unknown scheme 'http'; known are an absolute path, file, s3, "
         "az and gs");
  refuse("file://docs", "file://docs: a file URL needs three slashes: file:///path");
  refuse("s3:///docs", "s3:///docs: no bucket after s3://");
  refuse("s3://lake/docs?x=1", "'?' and '#' must be written %3F and %23");
  refuse(std::string("/a\0b", 4), "the table's address has a NUL character");
  const Status secret = NormalizeTable("s3://AKIA:topsecret@lake/docs").status();
  EXPECT_TRUE(Fails(secret, StatusCode::kInvalidArgument, "", "its storage options"));
  EXPECT_EQ(Message(secret).find("topsecret"), std::string_view::npos);
}

TEST(StorageKeys, AreKnownPerScheme) {
  EXPECT_TRUE(delta::StorageKeys("/data").empty());
  const auto s3 = delta::StorageKeys("s3://lake/docs");
  EXPECT_EQ(s3, (std::vector<std::string>{"access_key_id", "secret_access_key", "session_token",
                                          "region", "endpoint", "allow_http",
                                          "virtual_hosted_style", "skip_signature"}));
  EXPECT_EQ(delta::StorageKeys("az://c/docs").front(), "account_name");
  EXPECT_EQ(delta::StorageKeys("gs://b/docs").front(), "service_account");
}

TEST(StorageKeys, UnknownOnesAreRefusedWithTheKnownOnes) {
  const Projection projection{{"id"}, {}};
  const auto open = [&](const std::string& table, std::map<std::string, std::string> storage) {
    return delta::OpenDelta({.table = table, .storage = std::move(storage)}, projection).status();
  };
  EXPECT_TRUE(Fails(open("s3://lake/docs", {{"regoin", "x"}}), StatusCode::kInvalidArgument, "",
                    "s3://lake/docs: unknown storage option 'regoin'; known are: access_key_id, "
                    "secret_access_key, session_token, region, endpoint, allow_http, "
                    "virtual_hosted_style, skip_signature"));
  EXPECT_TRUE(Fails(open("/docs", {{"region", "x"}}), StatusCode::kInvalidArgument, "",
                    "/docs: unknown storage option 'region'; a local table has none"));
  EXPECT_TRUE(Fails(open("s3://lake/docs", {{"allow_http", "yes"}}), StatusCode::kInvalidArgument,
                    "", "storage option 'allow_http' must be true or false"));
  EXPECT_TRUE(Fails(open("s3://lake/docs", {{"access_key_id", "x"}}), StatusCode::kInvalidArgument,
                    "", "access_key_id and secret_access_key must be given together"));
  EXPECT_TRUE(Fails(open("s3://lake/docs", {{"endpoint", "http://127.0.0.1:1"}}),
                    StatusCode::kInvalidArgument, "", "set allow_http: true if that is meant"));
  // Every key that is named is also taken.
  for (const std::string table : {"s3://b/t", "az://c/t", "gs://b/t"}) {
    for (const std::string& key : delta::StorageKeys(table)) {
      const Status status = open(table, {{key, "true"}});
      EXPECT_EQ(Message(status).find("unknown storage option"), std::string_view::npos)
          << key << ": " << Message(status);
    }
  }
}

TEST(Columns, TypesOfOneClassKeepTheirKeys) {
  for (const char* type : {"byte", "short", "integer", "long"}) {
    EXPECT_EQ(delta::TypeClass(type), "integer");
  }
  EXPECT_EQ(delta::TypeClass("decimal(10,2)"), delta::TypeClass("decimal(38,18)"));
  EXPECT_NE(delta::TypeClass("float"), delta::TypeClass("double"));
  EXPECT_NE(delta::TypeClass("date"), delta::TypeClass("timestamp"));
  EXPECT_NE(delta::TypeClass("timestamp"), delta::TypeClass("timestamp_ntz"));
  for (const char* type : {"array<string>", "struct<a: long>", "map<string, long>", "variant",
                           "void", "interval day to second"}) {
    EXPECT_EQ(delta::TypeClass(type), "");
  }
}

TEST(Columns, AreMappedByTheirPhysicalNames) {
  const TableInfo then{.columns = {{"id", "c1", "long"}, {"body", "c2", "string"}}};
  const TableInfo now{.columns = {{"key", "c1", "long"},
                                  {"text", "c2", "string"},
                                  {"body", "c3", "string"}}};  // the old name, another column
  const Projection projection{{"key"}, {"text", "body"}};
  EXPECT_EQ(delta::MapColumns(then, now, projection), (std::vector<std::string>{"id", "body", ""}));
  EXPECT_EQ(delta::KeyClasses(then, {"id", "body", ""}, projection),
            (std::map<std::string, std::string>{{"key", "integer"}}));
}

}  // namespace
}  // namespace drift::testing
