// Names from users and enemies, wherever a name can stand.
#include <gmock/gmock.h>

#include <algorithm>

#include "base/json_text.h"
#include "tests/conformance/sink_suite.h"

namespace drift::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const char* const kHostile[] = {
    "quo\"te",
    "it's",
    "semi; DROP TABLE docs; --",
    "back\\slash",
    "sp ace",
    "dot.ted",
    "br[0]acket",
    "$dollar $1 ?1 :name @at",
    "percent%s %00 %25",
    "line\nbreak",
    "ünïcödé 名前 \xF0\x9F\x98\x80",
    "SELECT",
    "drift_collections",
    "sqlite_master",
    "pg_class",
    "..",
};

TEST_P(SinkSuite, HostileCollectionNames) {
  const std::vector<std::string> refused = store().refused_names();
  const auto bystander = Prepared();
  Write(*bystander, MakePoints(3));
  for (const std::string name : kHostile) {
    SCOPED_TRACE(name);
    auto opened = store().Open(name);
    if (std::find(refused.begin(), refused.end(), name) != refused.end()) {
      EXPECT_EQ(opened.status().code(), StatusCode::kInvalidArgument) << opened.status();
      continue;
    }
    ASSERT_TRUE(opened.ok()) << opened.status();
    Sink& sink = **opened;
    const auto created = sink.Prepare(Spec("docs"), {});
    ASSERT_TRUE(created.ok()) << created.status();
    EXPECT_TRUE(*created);
    Write(sink, MakePoints(4));
    EXPECT_EQ(Count(sink), 4);
    EXPECT_TRUE(sink.BuildIndex({}).ok());
    const auto hits = sink.Search("docs", MakePoint(2).vector, 1, {}, {});
    ASSERT_TRUE(hits.ok()) << hits.status();
    EXPECT_EQ(hits->size(), 1u);
    const Status dropped = sink.Drop("docs", {});
    ASSERT_TRUE(dropped.ok()) << dropped;
    const auto info = sink.Describe({});
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_FALSE(info->exists);
  }
  EXPECT_EQ(Count(*bystander), 3);
}

TEST_P(SinkSuite, NamesWithNulAreRefused) {
  const std::string name("a\0b", 3);
  auto opened = store().Open(name);
  if (!opened.ok()) {
    EXPECT_EQ(opened.status().code(), StatusCode::kInvalidArgument);
    return;
  }
  const auto created = (*opened)->Prepare(Spec("docs"), {});
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(*created);
  EXPECT_TRUE((*opened)->Drop("docs", {}).ok());
}

TEST_P(SinkSuite, HostileSources) {
  const auto sink = Prepared("docs");
  Write(*sink, MakePoints(3));
  for (const std::string source : kHostile) {
    SCOPED_TRACE(source);
    const auto prepared = sink->Prepare(Spec(source), {});
    ASSERT_TRUE(prepared.ok()) << prepared.status();
    Write(*sink, MakePoints(2, {1, 1}, source), source);
    Write(*sink, {MakePoint(2, {2, 1}, source)}, source);
    EXPECT_EQ(Count(*sink, source), 3);
    const auto heads = sink->List(source, std::nullopt, 10, {});
    ASSERT_TRUE(heads.ok()) << heads.status();
    EXPECT_EQ(heads->size(), 3u);
    const auto hits = sink->Search(source, MakePoint(1).vector, 10, {}, {});
    ASSERT_TRUE(hits.ok()) << hits.status();
    EXPECT_EQ(hits->size(), 3u);
    EXPECT_EQ(sink->Sweep(source, 2, {}).value_or(-1), 2);
    const auto info = sink->Describe({});
    ASSERT_TRUE(info.ok() && info->stamp);
    EXPECT_TRUE(info->stamp->sources.contains(source));
    EXPECT_TRUE(sink->Drop(source, {}).ok());
    EXPECT_EQ(Count(*sink, "docs"), 3);
  }
}

TEST_P(SinkSuite, HostilePayloadColumns) {
  const auto sink = Prepared();
  Point point = MakePoint(1);
  Point other = MakePoint(2);
  point.payload.clear();
  other.payload.clear();
  for (const std::string column : kHostile) {
    point.payload.emplace_back(column, "value of " + column);
    other.payload.emplace_back(column, std::string("another"));
  }
  Write(*sink, {point, other});
  const auto stored = Read(*sink, point.id);
  ASSERT_TRUE(stored);
  ExpectSame(*stored, point);
  for (const std::string column : kHostile) {
    SCOPED_TRACE(column);
    const auto hits = sink->Search("docs", other.vector, 10, {{column, "value of " + column}}, {});
    if (!store().can_filter_by(column)) {
      EXPECT_EQ(hits.status().code(), StatusCode::kInvalidArgument) << hits.status();
      continue;
    }
    ASSERT_TRUE(hits.ok()) << hits.status();
    ASSERT_EQ(hits->size(), 1u);
    EXPECT_EQ(hits->front().point.id, point.id);
    // The value is a value, whatever it holds.
    const auto value = sink->Search("docs", other.vector, 10, {{column, column}}, {});
    ASSERT_TRUE(value.ok()) << value.status();
    EXPECT_TRUE(value->empty());
  }
}

TEST_P(SinkSuite, HostileKeysAndTexts) {
  const auto sink = Prepared();
  std::vector<Point> points;
  for (const std::string text : kHostile) {
    Point point = MakePoint(static_cast<int>(points.size()));
    point.key = "[";
    AppendJsonString(point.key, text);
    point.key += "]";
    point.text = text;
    point.text_sha256 = Sha256(text);
    point.run_id = text;
    points.push_back(std::move(point));
  }
  Write(*sink, points);
  for (const Point& point : points) {
    SCOPED_TRACE(point.key);
    const auto stored = Read(*sink, point.id);
    ASSERT_TRUE(stored);
    ExpectSame(*stored, point);
  }
}

// A NUL is text like any other, or the item is refused and the others are written.
TEST_P(SinkSuite, NulInKeysTextsAndPayload) {
  const auto sink = Prepared();
  const std::string nul("a\0b", 3);
  std::vector<Point> points = MakePoints(6);
  points[1].key = "[";
  AppendJsonString(points[1].key, nul);
  points[1].key += "]";
  points[2].text = nul;
  points[2].text_sha256 = Sha256(nul);
  points[3].payload = {{"column", nul}};
  points[4].payload = {{"nested", Json{R"({"a":"\u0000"})"}}};
  const auto errors = sink->Write({"docs", points}, {});
  ASSERT_TRUE(errors.ok()) << errors.status();
  EXPECT_EQ(Count(*sink), static_cast<int64_t>(points.size() - errors->size()));
  if (!store().refuses_nul()) {
    EXPECT_TRUE(errors->empty());
    for (const Point& point : points) {
      const auto stored = Read(*sink, point.id);
      ASSERT_TRUE(stored);
      ExpectSame(*stored, point);
    }
    return;
  }
  std::vector<size_t> indexes;
  for (const ItemError& error : *errors) {
    indexes.push_back(error.index);
    EXPECT_EQ(error.why.code(), StatusCode::kInvalidArgument) << error.why;
    EXPECT_THAT(std::string(Message(error.why)), Not(HasSubstr(nul)));
  }
  std::sort(indexes.begin(), indexes.end());
  EXPECT_EQ(indexes, (std::vector<size_t>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace drift::testing
