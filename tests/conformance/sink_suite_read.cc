// Reading, searching, listing, sweeping.
#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "tests/conformance/sink_suite.h"

namespace drift::testing {
namespace {

TEST_P(SinkSuite, ReadReturnsWhatIsThere) {
  const auto sink = Prepared();
  const std::vector<Point> points = MakePoints(5);
  Write(*sink, points);
  const std::vector<Uuid> ids = {points[3].id, MakePoint(99).id, points[0].id};
  const auto with = sink->Read(ids, true, {});
  ASSERT_TRUE(with.ok()) << with.status();
  ASSERT_EQ(with->size(), 2u);
  for (const Point& point : *with) {
    ExpectSame(point, point.id == points[3].id ? points[3] : points[0]);
  }
  const auto without = sink->Read(ids, false, {});
  ASSERT_TRUE(without.ok()) << without.status();
  ASSERT_EQ(without->size(), 2u);
  for (const Point& point : *without) {
    EXPECT_TRUE(point.vector.empty());
    EXPECT_EQ(point.text_sha256,
              point.id == points[3].id ? points[3].text_sha256 : points[0].text_sha256);
  }
}

TEST_P(SinkSuite, EveryFieldAndTypeComesBackAsItWas) {
  const std::string name = FreshName();
  const auto sink = Open(name);
  ASSERT_TRUE(sink->Prepare(Spec("docs"), {}).ok());
  constexpr auto kMax = std::numeric_limits<int64_t>::max();
  constexpr auto kMin = std::numeric_limits<int64_t>::min();
  Point point = MakePoint(1, {2147483647, 9007199254740991});
  point.chunk = 2147483647;
  point.key = R"(["a\"b",12,-1.5,true,"2026-11-20T09:14:03.000000Z"])";
  point.model = "openai/text-embedding-3-small";
  point.text = "Zeilen\nund \"Anführung\", Tab\t, 名前, \xF0\x9F\x98\x80";
  point.text_sha256 = Sha256(*point.text);
  point.payload = {
      {"null", std::monostate()},
      {"true", true},
      {"false", false},
      {"zero", int64_t{0}},
      {"minus one", int64_t{-1}},
      {"max", kMax},
      {"min", kMin},
      {"beyond double", int64_t{9007199254740993}},
      {"float", 0.1f},
      {"double", 0.1},
      {"whole", 3.0},
      {"large", 1e300},
      {"tiny", 5e-324},
      {"nan", std::numeric_limits<double>::quiet_NaN()},
      {"infinity", std::numeric_limits<float>::infinity()},
      {"decimal", Decimal{"12345678901234567890.123456789"}},
      {"date", Date{20000}},
      {"time", Timestamp{1764000000123456, true}},
      {"local time", Timestamp{-1, false}},
      {"binary", Binary{std::string("\0\x01\xFF", 3)}},
      {"empty", std::string()},
      {"string", std::string("a \"quoted\" \\ text\n名 \xF0\x9F\x98\x80")},
      {"list", Json{R"([1,"two",null,[true,{}],[]])"}},
      {"struct", Json{R"({"a":{"b":[1.5,-2]},"":"empty name","n":9223372036854775807,"z":null})"}},
  };
  Write(*sink, {point});
  const auto stored = Read(*sink, point.id);
  ASSERT_TRUE(stored);
  ExpectSame(*stored, point);
  // A process that did not write it reads the same.
  const auto other = Read(*Open(name), point.id);
  ASSERT_TRUE(other);
  ExpectSame(*other, point);
}

TEST_P(SinkSuite, AStoredPointCanBeWrittenAgainAsItWasRead) {
  const auto sink = Prepared();
  Point point = MakePoint(1);
  point.text = "stored";
  point.text_sha256 = Sha256(*point.text);
  point.payload = {{"list", Json{"[1,2]"}}, {"price", 1.5}, {"when", Date{1}}};
  Write(*sink, {point});
  auto stored = Read(*sink, point.id);
  ASSERT_TRUE(stored);
  stored->run_id = "reused";
  Write(*sink, {*stored});
  const auto again = Read(*sink, point.id);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->run_id, "reused");
  point.run_id = "reused";
  ExpectSame(*again, point);
}

TEST_P(SinkSuite, DescribeSourceCountsItsOwnAndFindsTheHighestRevision) {
  const auto sink = Prepared();
  const auto none = sink->DescribeSource("docs", {});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->points, 0);
  EXPECT_EQ(none->max_revision, 0);
  Write(*sink, {MakePoint(1, {3, 1}), MakePoint(2, {12, 1}), MakePoint(3, {9, 1})});
  Write(*sink, {MakePoint(1, {99, 1}, "tickets")}, "tickets");
  const auto some = sink->DescribeSource("docs", {});
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_EQ(some->points, 3);
  EXPECT_EQ(some->max_revision, 12);
}

TEST_P(SinkSuite, ListPagesThroughASourceInTheOrderOfIds) {
  const auto sink = Prepared();
  const std::vector<Point> points = MakePoints(25, {2, 7});
  Write(*sink, points);
  Write(*sink, MakePoints(25, {1, 1}, "tickets"), "tickets");
  std::vector<Uuid> expected;
  for (const Point& point : points) expected.push_back(point.id);
  std::sort(expected.begin(), expected.end());

  std::vector<Uuid> found;
  std::optional<Uuid> after;
  for (;;) {
    constexpr size_t kPage = 7;
    const auto page = sink->List("docs", after, kPage, {});
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_LE(page->size(), kPage);
    for (const Uuid& id : Ids(*page)) found.push_back(id);
    if (page->size() < kPage) break;
    after = page->back().id;
  }
  EXPECT_EQ(found, expected);

  const auto all = sink->List("docs", std::nullopt, 1000, {});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(Ids(*all), expected);
  const PointHead& head = all->front();
  const auto same = std::find_if(points.begin(), points.end(),
                                 [&head](const Point& point) { return point.id == head.id; });
  ASSERT_NE(same, points.end());
  EXPECT_EQ(head.key, same->key);
  EXPECT_EQ(head.chunk, same->chunk);
  EXPECT_EQ(head.guard, same->guard);
  EXPECT_EQ(head.model, same->model);
  EXPECT_EQ(head.text_sha256, same->text_sha256);
}

TEST_P(SinkSuite, ListStartsAfterAnIdThatNeedNotBeThere) {
  const auto sink = Prepared();
  Write(*sink, MakePoints(10));
  const auto all = sink->List("docs", std::nullopt, 100, {});
  ASSERT_TRUE(all.ok() && all->size() == 10u);
  const Uuid fourth = (*all)[3].id;
  const Sink::Deletion gone{fourth, {1, 1}};
  ASSERT_TRUE(sink->Delete({&gone, 1}, {}).ok());
  const auto rest = sink->List("docs", fourth, 100, {});
  ASSERT_TRUE(rest.ok()) << rest.status();
  ASSERT_EQ(rest->size(), 6u);
  EXPECT_EQ(rest->front().id, (*all)[4].id);
  const auto end = sink->List("docs", all->back().id, 100, {});
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_TRUE(end->empty());
  Uuid last;
  last.bytes.fill(0xFF);
  const auto beyond = sink->List("docs", last, 100, {});
  ASSERT_TRUE(beyond.ok()) << beyond.status();
  EXPECT_TRUE(beyond->empty());
  const auto nothing = sink->List("docs", std::nullopt, 0, {});
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  EXPECT_TRUE(nothing->empty());
}

TEST_P(SinkSuite, ListOfManyPages) {
  const auto sink = Prepared();
  constexpr size_t kPoints = 2300;
  Write(*sink, MakePoints(kPoints));
  const auto all = sink->List("docs", std::nullopt, kPoints + 1, {});
  ASSERT_TRUE(all.ok()) << all.status();
  const std::vector<Uuid> ids = Ids(*all);
  EXPECT_EQ(ids.size(), kPoints);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
}

TEST_P(SinkSuite, SweepRemovesLowerRevisionsOfOneSource) {
  const auto sink = Prepared();
  for (int n = 0; n < 12; ++n) {
    Write(*sink, {MakePoint(n, {1 + n % 3, 5})});
    Write(*sink, {MakePoint(n, {1, 5}, "tickets")}, "tickets");
  }
  const auto removed = sink->Sweep("docs", 3, {});
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_EQ(*removed, 8);
  EXPECT_EQ(Count(*sink, "docs"), 4);
  EXPECT_EQ(Count(*sink, "tickets"), 12);
  const auto again = sink->Sweep("docs", 3, {});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, 0);
}

// -- Search ---------------------------------------------------------------------------------------

double Cosine(const Vector& a, const Vector& b) {
  double dot = 0;
  for (size_t i = 0; i < a.size(); ++i) dot += static_cast<double>(a.values()[i]) * b.values()[i];
  return dot;
}

TEST_P(SinkSuite, SearchFindsTheNearestFirst) {
  const auto sink = Prepared();
  const std::vector<Point> points = MakePoints(200);
  Write(*sink, points);
  const Vector query = MakePoint(5000).vector;
  std::vector<std::pair<double, std::string>> expected;
  for (const Point& point : points) expected.emplace_back(Cosine(query, point.vector), point.key);
  std::sort(expected.rbegin(), expected.rend());

  constexpr size_t kWanted = 10;
  const auto hits = sink->Search("docs", query, kWanted, {}, {});
  ASSERT_TRUE(hits.ok()) << hits.status();
  ASSERT_EQ(hits->size(), kWanted);
  for (size_t i = 0; i < kWanted; ++i) {
    EXPECT_EQ((*hits)[i].point.key, expected[i].second) << i;
    EXPECT_NEAR((*hits)[i].score, expected[i].first, 1e-5) << i;
  }
  EXPECT_FALSE(hits->front().point.payload.empty());
  EXPECT_EQ(hits->front().point.model, "shadow/8");
}

TEST_P(SinkSuite, SearchDoesNotCareHowLongTheQueryIs) {
  const auto sink = Prepared();
  Write(*sink, MakePoints(20));
  const Vector unit = MakePoint(7).vector;
  std::vector<float> longer(unit.values().begin(), unit.values().end());
  for (float& value : longer) value *= 40;
  const auto hits = sink->Search("docs", Vector(std::move(longer)), 1, {}, {});
  ASSERT_TRUE(hits.ok()) << hits.status();
  ASSERT_EQ(hits->size(), 1u);
  EXPECT_EQ(hits->front().point.key, MakePoint(7).key);
  EXPECT_NEAR(hits->front().score, 1, 1e-5);
}

TEST_P(SinkSuite, SearchSeesOneSourceOnly) {
  const auto sink = Prepared();
  Write(*sink, MakePoints(5));
  const auto before = sink->Search("tickets", MakePoint(1).vector, 10, {}, {});
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_TRUE(before->empty());
  Write(*sink, MakePoints(3, {1, 1}, "tickets"), "tickets");
  const auto hits = sink->Search("tickets", MakePoint(1).vector, 10, {}, {});
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_EQ(hits->size(), 3u);
  for (const Hit& hit : *hits) {
    const std::string& key = hit.point.key;
    EXPECT_EQ(hit.point.id, MakePoint(std::stoi(key.substr(5)), {1, 1}, "tickets").id) << key;
  }
}

TEST_P(SinkSuite, SearchFiltersByPayload) {
  const auto sink = Prepared();
  std::vector<Point> points = MakePoints(60);
  for (int n = 0; n < 60; ++n) {
    points[n].payload = {{"category", n % 2 == 0 ? std::string("even") : std::string("odd")},
                         {"number", static_cast<int64_t>(n % 10)},
                         {"flag", n % 3 == 0},
                         {"price", n * 0.5},
                         {"code", fmt::format("{}", n % 10)},
                         {"none", std::monostate()}};
  }
  Write(*sink, points);
  const auto count = [&](const SearchFilter& filter) {
    const auto hits = sink->Search("docs", MakePoint(1).vector, 100, filter, {});
    EXPECT_TRUE(hits.ok()) << hits.status();
    return hits.ok() ? static_cast<int>(hits->size()) : -1;
  };
  EXPECT_EQ(count({{"category", "even"}}), 30);
  EXPECT_EQ(count({{"category", "EVEN"}}), 0);
  EXPECT_EQ(count({{"number", "7"}}), 6);
  EXPECT_EQ(count({{"number", "7.0"}}), 6);
  EXPECT_EQ(count({{"code", "7"}}), 6);
  EXPECT_EQ(count({{"code", "7.0"}}), 0);
  EXPECT_EQ(count({{"flag", "true"}}), 20);
  EXPECT_EQ(count({{"price", "1.5"}}), 1);
  EXPECT_EQ(count({{"price", "2"}}), 1);
  EXPECT_EQ(count({{"category", "even"}, {"number", "4"}, {"flag", "false"}}), 4);
  EXPECT_EQ(count({{"no such column", "x"}}), 0);
  EXPECT_EQ(count({{"none", ""}}), 0);
  EXPECT_EQ(count({{"none", "null"}}), 0);
}

TEST_P(SinkSuite, SearchForNoneForTooManyAndInVain) {
  const auto sink = Prepared();
  const Vector query = MakePoint(1).vector;
  const auto empty = sink->Search("docs", query, 5, {}, {});
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_TRUE(empty->empty());
  Write(*sink, MakePoints(3));
  const auto all = sink->Search("docs", query, 50, {}, {});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->size(), 3u);
  const auto none = sink->Search("docs", query, 0, {}, {});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_TRUE(none->empty());
  const auto wrong = sink->Search("docs", Vector({1, 0}), 5, {}, {});
  EXPECT_EQ(wrong.status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace drift::testing
