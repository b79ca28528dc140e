// Writes and deletes: idempotent, guarded, bad items set apart.
#include <gmock/gmock.h>

#include <limits>

#include "base/rng.h"
#include "tests/conformance/sink_suite.h"

namespace drift::testing {
namespace {

using ::testing::HasSubstr;

TEST_P(SinkSuite, WritingTwiceIsWritingOnce) {
  const auto sink = Prepared();
  Write(*sink, MakePoints(10));
  Write(*sink, MakePoints(10));
  EXPECT_EQ(Count(*sink), 10);
}

TEST_P(SinkSuite, AnEmptyBatchIsFine) {
  const auto sink = Prepared();
  Write(*sink, {});
  EXPECT_TRUE(sink->Delete({}, {}).ok());
  const auto none = sink->Read({}, true, {});
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
}

TEST_P(SinkSuite, NewerWinsOlderIsRefusedEqualApplies) {
  const auto sink = Prepared();
  const Uuid id = MakePoint(1).id;
  struct Step {
    Guard guard;
    const char* run;
    const char* then;  // the run whose write is there afterwards
  };
  for (const Step& step : {
           Step{{1, 5}, "first", "first"},
           Step{{1, 4}, "older version", "first"},
           Step{{1, 5}, "equal", "equal"},
           Step{{1, 6}, "newer version", "newer version"},
           Step{{2, 0}, "newer revision, lower version", "newer revision, lower version"},
           Step{{1, 100}, "older revision, higher version", "newer revision, lower version"},
           Step{{2, 0}, "equal again", "equal again"},
           Step{{10, 0}, "revision of two digits", "revision of two digits"},
           Step{{9, 9}, "older revision of one digit", "revision of two digits"},
       }) {
    Point point = MakePoint(1, step.guard);
    point.run_id = step.run;
    Write(*sink, {point});
    EXPECT_EQ(RunOf(*sink, id), step.then) << step.run;
  }
}

TEST_P(SinkSuite, AWriteReplacesTheWholePoint) {
  const auto sink = Prepared();
  Point before = MakePoint(1, {1, 1});
  before.text = "to be gone";
  before.payload.emplace_back("only before", std::string("x"));
  Write(*sink, {before});
  Point after = MakePoint(2, {1, 2});
  after.id = before.id;
  Write(*sink, {after});
  const auto stored = Read(*sink, before.id);
  ASSERT_TRUE(stored);
  ExpectSame(*stored, after);
}

TEST_P(SinkSuite, EachPointOfABatchHasItsOwnGuard) {
  const auto sink = Prepared();
  // Stored versions 0 to 299; then versions drawn at random, all in one batch: each point decides
  // for itself.
  constexpr int kPoints = 300;
  std::vector<Point> stored;
  for (int n = 0; n < kPoints; ++n) stored.push_back(MakePoint(n, {1 + n % 3, n}));
  Write(*sink, stored);
  const uint64_t seed = Rng::Real().Next();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  uint64_t state = seed;
  std::vector<Point> offered;
  for (int n = 0; n < kPoints; ++n) {
    const auto revision = static_cast<int32_t>(1 + SplitMix64(state) % 3);
    const auto version = static_cast<int64_t>(SplitMix64(state) % kPoints);
    offered.push_back(MakePoint(n, {revision, version}));
    offered.back().run_id = "offered";
  }
  Write(*sink, offered);
  for (int n = 0; n < kPoints; ++n) {
    const bool applies = stored[n].guard <= offered[n].guard;
    const std::string expected = applies ? "offered" : stored[n].run_id;
    ASSERT_EQ(RunOf(*sink, stored[n].id), expected)
        << n << ": stored " << stored[n].guard.revision << "/" << stored[n].guard.version
        << ", offered " << offered[n].guard.revision << "/" << offered[n].guard.version;
  }
}

TEST_P(SinkSuite, OfOneIdTwiceInABatchTheNewestStays) {
  const auto sink = Prepared();
  Point older = MakePoint(1, {1, 3});
  older.run_id = "older";
  Point newer = MakePoint(1, {1, 4});
  newer.run_id = "newer";
  Point equal = MakePoint(1, {1, 4});
  equal.run_id = "equal, later in the batch";
  Write(*sink, {newer, older});
  EXPECT_EQ(RunOf(*sink, older.id), "newer");
  Write(*sink, {newer, equal, older});
  EXPECT_EQ(RunOf(*sink, older.id), "equal, later in the batch");
  EXPECT_EQ(Count(*sink), 1);
}

TEST_P(SinkSuite, ItemsThatCanNeverBeStoredAreNamedAndTheRestIsWritten) {
  const auto sink = Prepared();
  std::vector<Point> points = MakePoints(6);
  points[1].vector = Vector({1, 0, 0});
  points[2].vector =
      Vector(std::vector<float>(kDimensions, std::numeric_limits<float>::quiet_NaN()));
  points[4].vector =
      Vector(std::vector<float>(kDimensions, std::numeric_limits<float>::infinity()));
  points[5].payload = {{"broken", std::string("\xC3\x28 not UTF-8")}};
  const auto errors = sink->Write({"docs", points}, {});
  ASSERT_TRUE(errors.ok()) << errors.status();
  std::map<size_t, Status> by_index;
  for (const ItemError& error : *errors) by_index[error.index] = error.why;
  ASSERT_EQ(by_index.size(), 4u);
  for (const auto& [index, why] : by_index) {
    EXPECT_EQ(why.code(), StatusCode::kInvalidArgument) << index << ": " << why;
  }
  ASSERT_TRUE(by_index.contains(1) && by_index.contains(2) && by_index.contains(4) &&
              by_index.contains(5));
  EXPECT_THAT(std::string(Message(by_index[1])), HasSubstr("3 dimensions, the collection 8"));
  EXPECT_THAT(std::string(Message(by_index[5])), HasSubstr("'broken'"));
  EXPECT_EQ(Count(*sink), 2);
  EXPECT_EQ(RunOf(*sink, points[0].id), points[0].run_id);
  EXPECT_EQ(RunOf(*sink, points[3].id), points[3].run_id);
}

TEST_P(SinkSuite, LargeBatches) {
  const auto sink = Prepared();
  constexpr int kPoints = 1500;
  Write(*sink, MakePoints(kPoints));
  EXPECT_EQ(Count(*sink), kPoints);
  std::vector<Uuid> ids;
  std::vector<Sink::Deletion> deletions;
  for (const Point& point : MakePoints(kPoints)) {
    ids.push_back(point.id);
    deletions.push_back({point.id, {1, 1}});
  }
  const auto all = sink->Read(ids, false, {});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->size(), static_cast<size_t>(kPoints));
  const Status deleted = sink->Delete(deletions, {});
  ASSERT_TRUE(deleted.ok()) << deleted;
  EXPECT_EQ(Count(*sink), 0);
}

TEST_P(SinkSuite, LongTextsAndLongVectors) {
  constexpr int32_t kMany = 4096;
  const auto sink = Prepared("docs", kMany);
  constexpr size_t kBytes = 300'000;
  std::vector<Point> points = MakePoints(40, {1, 1}, "docs", kMany);
  for (size_t i = 0; i < points.size(); ++i) {
    points[i].text = std::string(kBytes, static_cast<char>('a' + i % 26));
    points[i].text_sha256 = Sha256(*points[i].text);
    points[i].payload.emplace_back("body", std::string(kBytes, 'x'));
  }
  Write(*sink, points);
  std::vector<Uuid> ids;
  for (const Point& point : points) ids.push_back(point.id);
  const auto stored = sink->Read(ids, true, {});
  ASSERT_TRUE(stored.ok()) << stored.status();
  ASSERT_EQ(stored->size(), points.size());
  const auto last = Read(*sink, points.back().id);
  ASSERT_TRUE(last);
  ExpectSame(*last, points.back());
}

TEST_P(SinkSuite, DeletesAreGuarded) {
  const auto sink = Prepared();
  std::vector<Point> points;
  for (int n = 0; n < 4; ++n) points.push_back(MakePoint(n, {2, 10}));
  Write(*sink, points);
  const std::vector<Sink::Deletion> deletions = {
      {points[0].id, {2, 9}},      // older version: stays
      {points[1].id, {1, 99}},     // older revision: stays
      {points[2].id, {2, 10}},     // equal: goes
      {points[3].id, {3, 0}},      // newer revision: goes
      {MakePoint(77).id, {9, 9}},  // not there: fine
  };
  for (int twice = 0; twice < 2; ++twice) {
    const Status deleted = sink->Delete(deletions, {});
    ASSERT_TRUE(deleted.ok()) << deleted;
    EXPECT_NE(RunOf(*sink, points[0].id), "-");
    EXPECT_NE(RunOf(*sink, points[1].id), "-");
    EXPECT_EQ(RunOf(*sink, points[2].id), "-");
    EXPECT_EQ(RunOf(*sink, points[3].id), "-");
    EXPECT_EQ(Count(*sink), 2);
  }
}

TEST_P(SinkSuite, OfOneIdTwiceInDeletionsTheNewestDecides) {
  const auto sink = Prepared();
  Write(*sink, {MakePoint(1, {1, 5})});
  const Uuid id = MakePoint(1).id;
  const std::vector<Sink::Deletion> deletions = {{id, {1, 6}}, {id, {1, 2}}};
  ASSERT_TRUE(sink->Delete(deletions, {}).ok());
  EXPECT_EQ(Count(*sink), 0);
}

TEST_P(SinkSuite, EachDeletionHasItsOwnGuard) {
  const auto sink = Prepared();
  constexpr int kPoints = 200;
  std::vector<Point> points;
  std::vector<Sink::Deletion> deletions;
  for (int n = 0; n < kPoints; ++n) {
    points.push_back(MakePoint(n, {1, n}));
    // The version before, its own, the one after.
    deletions.push_back({points.back().id, {1, n - 1 + n % 3}});
  }
  Write(*sink, points);
  const Status deleted = sink->Delete(deletions, {});
  ASSERT_TRUE(deleted.ok()) << deleted;
  for (int n = 0; n < kPoints; ++n) {
    EXPECT_EQ(RunOf(*sink, points[n].id) == "-", n % 3 != 0) << n;
  }
}

// Sinks keep no tombstones: what was deleted is inserted again by a writer that is late. The ledger
// remembers deletions for as long as an older writer may be alive, and deletes once more.
TEST_P(SinkSuite, AStaleWriteAfterADeleteInserts) {
  const auto sink = Prepared();
  Write(*sink, {MakePoint(1, {1, 5})});
  const Sink::Deletion deletion{MakePoint(1).id, {1, 6}};
  ASSERT_TRUE(sink->Delete({&deletion, 1}, {}).ok());
  Write(*sink, {MakePoint(1, {1, 5})});
  EXPECT_EQ(RunOf(*sink, deletion.id), "run-1-5");
  ASSERT_TRUE(sink->Delete({&deletion, 1}, {}).ok());
  EXPECT_EQ(RunOf(*sink, deletion.id), "-");
}

}  // namespace
}  // namespace drift::testing
