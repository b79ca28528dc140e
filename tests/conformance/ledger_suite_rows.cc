// Row states, and texts that can be reused.
#include <set>
#include <thread>

#include "core/key.h"
#include "tests/conformance/ledger_suite.h"

namespace drift::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

}  // namespace

TEST_P(LedgerSuite, RowsComeBackAsTheyWereCommitted) {
  const Target target = OpenTarget();
  std::vector<std::string> many;
  for (int i = 0; i < 300; ++i) many.push_back(fmt::format("chunk {}", i));
  const std::vector<RowState> rows = {Row("[\"\\u0000 \\\" é\"]", {"odd key"}),
                                      Row("[1,\"eu\"]", {"one", "two"}, 7, 3),
                                      DeadRow("[2]", 9),
                                      Row("[3]", {}, 1'000'000'000'000, 2'000'000'000),
                                      Row("[4]", many),
                                      Row("[5]", {"same", "same"})};
  CommitRows(target, rows);
  std::vector<std::string> keys = {"[nobody]", "[3]"};
  for (const RowState& row : rows) keys.push_back(row.key);
  EXPECT_EQ(DescribeAll(Load(target, keys)), DescribeAll(rows));
  EXPECT_THAT(Load(target, {}), IsEmpty());
  EXPECT_EQ(Get(target.id).rows, 6);
  EXPECT_EQ(Get(target.id).points, 1 + 2 + 300 + 2);
}

TEST_P(LedgerSuite, NewStateReplacesTheOld) {
  const Target target = OpenTarget();
  CommitRows(target, {Row(Key(1), {"a", "b", "c"}), Row(Key(2), {"x"})});
  CommitRows(target, {Row(Key(1), {"d"}, 2), Row(Key(2), {"x", "y"}, 2)});
  EXPECT_EQ(DescribeAll(Load(target, {Key(1), Key(2)})),
            DescribeAll({Row(Key(1), {"d"}, 2), Row(Key(2), {"x", "y"}, 2)}));
  EXPECT_EQ(Get(target.id).rows, 2);
  EXPECT_EQ(Get(target.id).points, 3);
  CommitRows(target, {DeadRow(Key(1), 3)});
  EXPECT_EQ(Get(target.id).rows, 2);
  EXPECT_EQ(Get(target.id).points, 2);
}

TEST_P(LedgerSuite, KeyTwiceInABatchIsOneRowWithTheLastState) {
  const Target target = OpenTarget();
  CommitRows(target, {Row(Key(1), {"a"}), Row(Key(1), {"b", "c"}, 2)});
  EXPECT_EQ(DescribeAll(Load(target, {Key(1)})), DescribeAll({Row(Key(1), {"b", "c"}, 2)}));
  EXPECT_EQ(Get(target.id).rows, 1);
  EXPECT_EQ(Get(target.id).points, 2);
  EXPECT_THAT(Find({Text("a")}), IsEmpty());
  EXPECT_THAT(Scan(target, 10), SizeIs(1));
}

TEST_P(LedgerSuite, TargetsDoNotSeeEachOthersRows) {
  const Target one = OpenTarget();
  const Target two = OpenTarget(kPipeline, "pg://h/db?table=t");  // the same pipeline: the same ids
  CommitRows(one, {Row(Key(1), {"a"})});
  EXPECT_THAT(Load(two, {Key(1)}), IsEmpty());
  CommitRows(two, {Row(Key(1), {"b"}, 2)});
  EXPECT_EQ(DescribeAll(Load(one, {Key(1)})), DescribeAll({Row(Key(1), {"a"})}));
  EXPECT_EQ(DescribeAll(Load(two, {Key(1)})), DescribeAll({Row(Key(1), {"b"}, 2)}));
}

TEST_P(LedgerSuite, ScanIsInKeyOrderAndComplete) {
  const Target target = OpenTarget();
  std::vector<RowState> rows;
  std::set<std::string> keys;
  for (int i = 0; i < 157; ++i) {
    const std::string key = i % 3 == 0 ? fmt::format("[{}]", i * 7919 % 1000)
                                       : fmt::format("[\"Ä{}\"]", i * 7919 % 1000);
    if (keys.insert(key).second) rows.push_back(Row(key, {key}));
  }
  CommitRows(target, rows);
  CommitRows(OpenTarget("other"), {Row(Key(1), {"elsewhere"})});
  const std::vector<std::string> sorted(keys.begin(), keys.end());
  for (const size_t page : {1, 10, 1000}) EXPECT_EQ(Scan(target, page), sorted);
  // From anywhere, not only from where a scan stands.
  const auto from = ledger().ScanRows(target.id, sorted[50], 3);
  ASSERT_TRUE(from.ok());
  ASSERT_THAT(*from, SizeIs(3));
  EXPECT_EQ((*from)[0].key, sorted[51]);
  EXPECT_THAT(ledger().ScanRows(target.id, sorted.back(), 3).value(), IsEmpty());
}

TEST_P(LedgerSuite, ScanTellsChunksAndGuard) {
  const Target target = OpenTarget();
  CommitRows(target, {Row(Key(1), {"a", "b"}, 7, 2), DeadRow(Key(2), 8)});
  const auto rows = ledger().ScanRows(target.id, "", 10);
  ASSERT_TRUE(rows.ok());
  ASSERT_THAT(*rows, SizeIs(2));
  EXPECT_EQ((*rows)[0].chunks, 2);
  EXPECT_EQ((*rows)[0].guard, (Guard{2, 7}));
  EXPECT_EQ((*rows)[1].chunks, 0);
}

// What an anti-join does: rows go while they are listed.
TEST_P(LedgerSuite, ScanGoesOnWhileRowsAreDeleted) {
  const Target target = OpenTarget();
  std::vector<RowState> rows;
  for (int i = 0; i < 60; ++i) rows.push_back(Row(Key(i), {fmt::format("text {}", i)}));
  CommitRows(target, rows);
  std::string after;
  size_t seen = 0;
  for (;;) {
    const auto page = ledger().ScanRows(target.id, after, 7);
    ASSERT_TRUE(page.ok()) << page.status();
    seen += page->size();
    for (const RowHead& row : *page) DeleteRow(target, row.key, 2);
    if (page->size() < 7) break;
    after = page->back().key;
  }
  EXPECT_EQ(seen, rows.size());
  EXPECT_EQ(Get(target.id).rows, 0);
  EXPECT_THAT(Scan(target, 100), IsEmpty());
}

TEST_P(LedgerSuite, TextsLeadToLivePoints) {
  const Target target = OpenTarget();
  CommitRows(target, {Row(Key(1), {"a", "b"}), Row(Key(2), {"a"}), Row(Key(3), {"c"})});
  const auto found = Find({Text("a"), Text("b"), Text("z")});
  ASSERT_THAT(found, SizeIs(2));
  std::set<Uuid> ids;
  for (const TextMatch& match : found) {
    EXPECT_EQ(match.target_id, target.id);
    ids.insert(match.point_id);
  }
  EXPECT_TRUE(ids.contains(PointId(kPipeline, Key(1), 1)));  // "b"
  EXPECT_TRUE(ids.contains(PointId(kPipeline, Key(1), 0)) ||
              ids.contains(PointId(kPipeline, Key(2), 0)));
}

TEST_P(LedgerSuite, TextsOfDeadDeletedAndChangedRowsAreGone) {
  const Target target = OpenTarget();
  CommitRows(target, {Row(Key(1), {"a"}), Row(Key(2), {"b"}), Row(Key(3), {"c", "d"})});
  DeleteRow(target, Key(1), 2);
  CommitRows(target, {DeadRow(Key(2), 2), Row(Key(3), {"d"}, 2)});
  const auto found = Find({Text("a"), Text("b"), Text("c"), Text("d")});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].text_sha256, Text("d"));
  EXPECT_EQ(found[0].point_id, PointId(kPipeline, Key(3), 0));
  // Two rows have it, one goes.
  CommitRows(target, {Row(Key(4), {"twice"}), Row(Key(5), {"twice"})});
  DeleteRow(target, Key(4), 3);
  ASSERT_THAT(Find({Text("twice")}), SizeIs(1));
  EXPECT_EQ(Find({Text("twice")})[0].point_id, PointId(kPipeline, Key(5), 0));
}

TEST_P(LedgerSuite, TextsAreOfOneVectorSpaceAndPreferTheAskersOwn) {
  const Target one = OpenTarget();
  const Target two = OpenTarget("other");
  const Target foreign = OpenTarget("foreign", "sqlite:///f.db", "another space");
  CommitRows(one, {Row(Key(1), {"a"})});
  CommitRows(two, {Row(Key(1), {"a", "b"})});
  CommitRows(foreign, {Row(Key(1), {"c"})});
  EXPECT_EQ(Find({Text("a")}, one.id).at(0).target_id, one.id);
  EXPECT_EQ(Find({Text("a")}, two.id).at(0).target_id, two.id);
  EXPECT_EQ(Find({Text("b")}, one.id).at(0).target_id, two.id);
  EXPECT_THAT(Find({Text("c")}, one.id), IsEmpty());
  const std::vector<Sha256Digest> texts = {Text("a")};
  EXPECT_THAT(ledger().FindTexts(kFingerprint, 9, texts, one.id).value(), IsEmpty());
  EXPECT_THAT(ledger().FindTexts("another space", kDimensions, texts, one.id).value(), IsEmpty());
}

TEST_P(LedgerSuite, AdoptedPointsAreFoundUntilDropped) {
  const Target target = OpenTarget();
  const Target other = OpenTarget("other");
  const Uuid id = PointId("old name", "[1]", 0);
  const std::vector<Ledger::AdoptedPoint> adopted = {{id, Text("a")}, {id, Text("b")}};
  ASSERT_TRUE(ledger().Adopt(target.id, adopted).ok());
  ASSERT_TRUE(ledger().Adopt(target.id, adopted).ok());  // a page that comes twice
  CommitRows(target, {Row(Key(1), {"b"})});
  const auto found = Find({Text("a"), Text("b")}, target.id);
  ASSERT_THAT(found, SizeIs(2));
  for (const TextMatch& match : found) {
    EXPECT_EQ(match.point_id, match.text_sha256 == Text("a") ? id : PointId(kPipeline, Key(1), 0));
    EXPECT_EQ(match.target_id, target.id);
  }
  EXPECT_EQ(Find({Text("a")}, other.id).at(0).point_id, id);
  ASSERT_TRUE(ledger().DropAdopted(target.id).ok());
  ASSERT_TRUE(ledger().DropAdopted(target.id).ok());
  EXPECT_THAT(Find({Text("a")}, target.id), IsEmpty());
  EXPECT_THAT(Find({Text("b")}, target.id), SizeIs(1));
}

TEST_P(LedgerSuite, ManyRowsWithTheSameTextAreOneMatch) {
  const Target target = OpenTarget();
  std::vector<RowState> rows;
  for (int i = 0; i < 500; ++i) rows.push_back(Row(Key(i), {"n/a"}));
  CommitRows(target, rows);
  // All but the last change, so that most of what an index remembers of the text is no longer so.
  rows.pop_back();
  for (RowState& row : rows) row = Row(row.key, {"text of " + row.key}, 2);
  CommitRows(target, rows);
  const auto found = Find({Text("n/a"), Text("n/a")});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].point_id, PointId(kPipeline, Key(499), 0));
}

TEST_P(LedgerSuite, ManyThreadsCommitAndRead) {
  constexpr int kThreads = 4;
  constexpr int kBatches = 12;
  constexpr int kRows = 40;
  std::vector<Target> targets;
  for (int i = 0; i < kThreads; ++i)
    targets.push_back(OpenTarget(fmt::format("pipeline {}", i / 2)));
  std::vector<CommitBatch> batches;
  for (int i = 0; i < kThreads * kBatches; ++i) {
    CommitBatch batch = Batch(targets[static_cast<size_t>(i % kThreads)]);
    for (int j = 0; j < kRows; ++j) {
      // Half of the keys are written by two threads.
      const int n = j < kRows / 2 ? j : i * kRows + j;
      batch.upserts.push_back(Row(Key(n), {fmt::format("{} of {}", j, n)}, i));
    }
    batches.push_back(std::move(batch));
  }
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = t; i < kThreads * kBatches; i += kThreads) {
          const CommitBatch& batch = batches[static_cast<size_t>(i)];
          if (!ledger().Commit(batch).ok()) ++failures;
          std::vector<std::string> keys;
          for (const RowState& row : batch.upserts) keys.push_back(row.key);
          const auto rows = ledger().LoadRows(batch.target_id, keys);
          if (!rows.ok() || rows->size() != keys.size()) ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  for (const Target& target : {targets[0], targets[2]}) {
    // Two threads, 24 batches, 20 rows of each its own, and 20 that all share.
    const int64_t rows = 2 * kBatches * kRows / 2 + kRows / 2;
    EXPECT_EQ(Get(target.id).rows, rows);
    EXPECT_THAT(Scan(target, 100), SizeIs(static_cast<size_t>(rows)));
  }
}

}  // namespace drift::testing
