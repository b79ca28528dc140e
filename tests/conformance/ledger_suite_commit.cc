// Stages and commits: all of a batch or nothing, once.
#include <atomic>
#include <thread>

#include "core/key.h"
#include "tests/conformance/ledger_suite.h"

namespace drift::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

RequestRecord FreeRequest(int64_t tokens) {
  RequestRecord request;
  request.pipeline = "docs";
  request.provider = "local";
  request.model = "local/wordllama-256";
  request.state = RequestState::kDone;
  request.requests = 3;
  request.texts = 7;
  request.tokens = tokens;
  request.token_source = TokenSource::kProvider;
  request.guessed_tokens = 2 * tokens;
  request.started_at = WallTime(std::chrono::seconds(1'763'700'000));
  return request;
}

std::vector<StagedKey> Staged(std::initializer_list<StagedKey> keys) {
  return keys;
}

}  // namespace

TEST_P(LedgerSuite, OpenStagesAreLoadedOnceEachWithTheLargestCount) {
  const Target target = OpenTarget();
  EXPECT_THAT(ledger().LoadStages(target.id).value(), IsEmpty());
  const auto one = ledger().Stage(target.id, Staged({{Key(1), 2, {1, 5}}, {Key(2), 1, {1, 5}}}));
  const auto two =
      ledger().Stage(target.id, Staged({{Key(1), 1, {2, 3}}, {"[\"é\"]", 0, {1, -1}}}));
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(*one, *two);
  const auto staged = ledger().LoadStages(target.id).value();
  ASSERT_THAT(staged, SizeIs(3));
  for (const StagedKey& key : staged) {
    if (key.key == Key(1)) {
      EXPECT_EQ(key.chunks, 2);
      EXPECT_EQ(key.guard, (Guard{2, 3}));
    } else {
      EXPECT_EQ(key.chunks, key.key == Key(2) ? 1 : 0);
    }
  }
  EXPECT_THAT(ledger().LoadStages(OpenTarget("other").id).value(), IsEmpty());
}

TEST_P(LedgerSuite, CommitClosesItsStage) {
  const Target target = OpenTarget();
  const int64_t one = ledger().Stage(target.id, Staged({{Key(1), 1, {1, 1}}})).value();
  const int64_t two = ledger().Stage(target.id, Staged({{Key(2), 1, {1, 1}}})).value();
  CommitBatch batch = Batch(target);
  batch.closes_stage = one;
  Commit(batch);
  auto staged = ledger().LoadStages(target.id).value();
  ASSERT_THAT(staged, SizeIs(1));
  EXPECT_EQ(staged[0].key, Key(2));
  batch = Batch(target);
  batch.closes_stage = two;
  Commit(batch);
  EXPECT_THAT(ledger().LoadStages(target.id).value(), IsEmpty());
}

TEST_P(LedgerSuite, OrphanedStagesAreThoseThatLoadStagesHasShown) {
  const Target target = OpenTarget();
  const Target other = OpenTarget("other");
  ASSERT_TRUE(ledger().Stage(target.id, Staged({{Key(1), 1, {0, 4}}})).ok());
  ASSERT_TRUE(ledger().Stage(other.id, Staged({{Key(2), 1, {0, 4}}})).ok());
  ASSERT_THAT(ledger().LoadStages(target.id).value(), SizeIs(1));
  // Of a batch that is on its way.
  ASSERT_TRUE(ledger().Stage(target.id, Staged({{Key(3), 1, {0, 4}}})).ok());
  CommitBatch batch = Batch(target);
  batch.closes_orphaned_stages = true;
  batch.version = 4;
  Commit(batch);
  const auto left = ledger().LoadStages(target.id).value();
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].key, Key(3));
  EXPECT_THAT(ledger().LoadStages(other.id).value(), SizeIs(1));
}

TEST_P(LedgerSuite, OrphanedStageOfALaterVersionStaysOpen) {
  const Target target = OpenTarget();
  ASSERT_TRUE(ledger().Stage(target.id, Staged({{Key(1), 1, {0, 9}}})).ok());
  ASSERT_THAT(ledger().LoadStages(target.id).value(), SizeIs(1));
  CommitBatch batch = Batch(target);
  batch.closes_orphaned_stages = true;
  batch.version = 8;
  Commit(batch);
  EXPECT_THAT(ledger().LoadStages(target.id).value(), SizeIs(1));
  batch = Batch(target);
  batch.closes_orphaned_stages = true;
  batch.version = 9;
  Commit(batch);
  EXPECT_THAT(ledger().LoadStages(target.id).value(), IsEmpty());
}

TEST_P(LedgerSuite, CommitStoresCursorVersionAndCounters) {
  const Target target = OpenTarget();
  MakeRun("01RUN");
  CommitBatch batch = Batch(target, "01RUN");
  batch.cursor = Cursor{"snapshot 7 at file 3"};
  batch.counters.rows_read = 10;
  batch.counters.tokens = 99;
  batch.counters.tokens_estimated = true;
  batch.counters.cost = 1'000'000'000'000;
  Commit(batch);
  EXPECT_EQ(Get(target.id).cursor, batch.cursor);
  EXPECT_EQ(Get(target.id).version, -1);  // no end of a window yet
  RunRecord run = ledger().GetRun("01RUN").value();
  EXPECT_EQ(run.counters.rows_read, 10);
  EXPECT_EQ(run.counters.tokens, 99);
  EXPECT_TRUE(run.counters.tokens_estimated);
  EXPECT_EQ(run.counters.cost, 1'000'000'000'000);
  EXPECT_EQ(run.to_version, -1);
  batch = Batch(target, "01RUN");
  batch.cursor = Cursor{"version 7"};
  batch.version = 7;
  Commit(batch);
  EXPECT_EQ(Get(target.id).version, 7);
  EXPECT_EQ(ledger().GetRun("01RUN")->to_version, 7);
  // A commit without a cursor leaves it alone.
  Commit(Batch(target, "01RUN"));
  EXPECT_EQ(Get(target.id).cursor, batch.cursor);
}

TEST_P(LedgerSuite, CommitOfAnUnknownRunIsNotFoundAndDoesNothing) {
  const Target target = OpenTarget();
  CommitBatch batch = Batch(target, "01NOBODY");
  batch.upserts = {Row(Key(1), {"a"})};
  const Status status = ledger().Commit(batch);
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(Message(status)), ::testing::HasSubstr("01NOBODY"));
  EXPECT_THAT(Load(target, {Key(1)}), IsEmpty());
}

TEST_P(LedgerSuite, FailedCommitLeavesNothing) {
  const Target target = OpenTarget();
  MakeRun("01RUN");
  CommitRows(target, {Row(Key(1), {"a"}), Row(Key(2), {"b"})});
  const int64_t stage = ledger().Stage(target.id, Staged({{Key(1), 2, {1, 2}}})).value();
  const Target before = Get(target.id);

  CommitBatch batch = Batch(target, "01RUN");
  batch.upserts = {Row(Key(1), {"changed", "more"}, 2), Row(Key(3), {"new"}, 2),
                   DeadRow(Key(4), 2)};
  batch.deletions = {{Key(2), {1, 2}, 1}};
  batch.dead_letters = {Letter(Key(4))};
  batch.free_requests = {FreeRequest(5)};
  batch.closes_stage = stage;
  batch.cursor = Cursor{"new"};
  batch.version = 2;
  batch.counters.rows_read = 4;
  store().BreakCommits(ledger());
  EXPECT_FALSE(ledger().Commit(batch).ok());
  EXPECT_FALSE(ledger().Commit(batch).ok());
  store().Heal(ledger());

  const auto unchanged = [&] {
    EXPECT_EQ(DescribeAll(Load(target, {Key(1), Key(2), Key(3), Key(4)})),
              DescribeAll({Row(Key(1), {"a"}), Row(Key(2), {"b"})}));
    const Target now = Get(target.id);
    EXPECT_EQ(now.rows, before.rows);
    EXPECT_EQ(now.points, before.points);
    EXPECT_EQ(now.dead_letters, 0);
    EXPECT_FALSE(now.cursor.has_value());
    EXPECT_THAT(Find({Text("changed"), Text("more"), Text("new")}), IsEmpty());
    EXPECT_THAT(Find({Text("a"), Text("b")}), SizeIs(2));
    EXPECT_THAT(ledger().LoadStages(target.id).value(), SizeIs(1));
    EXPECT_THAT(ledger().ListDeadLetters({}).value(), IsEmpty());
    EXPECT_THAT(ledger().SumCosts({}).value(), IsEmpty());
    EXPECT_EQ(ledger().GetRun("01RUN")->counters.rows_read, 0);
    EXPECT_THAT(Provenance({.pipeline = kPipeline}), SizeIs(2));
  };
  unchanged();
  if (store().durable()) {
    Reopen();
    unchanged();
  }
  // The same batch, when the trouble is over.
  Commit(batch);
  EXPECT_THAT(Load(target, {Key(1), Key(2), Key(3), Key(4)}), SizeIs(3));
  EXPECT_EQ(Get(target.id).version, 2);
}

TEST_P(LedgerSuite, BatchThatComesTwiceIsAppliedOnce) {
  const Target target = OpenTarget();
  MakeRun("01RUN");
  CommitRows(target, {Row(Key(2), {"b"})});
  CommitBatch batch = Batch(target, "01RUN");
  batch.upserts = {Row(Key(1), {"a"}, 2), DeadRow(Key(3), 2)};
  batch.deletions = {{Key(2), {1, 2}, 1}, {Key(9), {1, 2}, 1}};
  batch.dead_letters = {Letter(Key(3))};
  batch.free_requests = {FreeRequest(5)};
  batch.closes_stage = ledger().Stage(target.id, Staged({{Key(1), 1, {1, 2}}})).value();
  Commit(batch);
  Commit(batch);  // its first answer was lost on the way
  EXPECT_EQ(Get(target.id).rows, 2);
  EXPECT_EQ(Get(target.id).points, 1);
  EXPECT_EQ(Get(target.id).dead_letters, 1);
  EXPECT_EQ(ledger().ListDeadLetters({})->at(0).attempts, 1);
  EXPECT_EQ(ledger().SumCosts({})->at(0).tokens, 5);
  EXPECT_THAT(Provenance({.pipeline = kPipeline, .keys = {Key(2)}}), SizeIs(1));
  EXPECT_THAT(Provenance({.pipeline = kPipeline, .keys = {Key(9)}}), SizeIs(1));
}

TEST_P(LedgerSuite, FreeRequestsAreCountedToTheRun) {
  const Target target = OpenTarget();
  MakeRun("01RUN");
  CommitBatch batch = Batch(target, "01RUN");
  batch.free_requests = {FreeRequest(5), FreeRequest(6)};
  Commit(batch);
  const auto costs = ledger().SumCosts({.by = CostGroup::kRun});
  ASSERT_TRUE(costs.ok()) << costs.status();
  ASSERT_THAT(*costs, SizeIs(1));
  EXPECT_EQ(costs->at(0).key, "01RUN");
  EXPECT_EQ(costs->at(0).requests, 6);
  EXPECT_EQ(costs->at(0).texts, 14);
  EXPECT_EQ(costs->at(0).tokens_by_provider, 11);
  EXPECT_THAT(ledger().LatestBills(batch.free_requests[0].model, 1).value(),
              ::testing::ElementsAre(BilledGuess{12, 6}));
  EXPECT_EQ(costs->at(0).tokens, 11);
}

TEST_P(LedgerSuite, DeletionOfAnUnknownRowIsNoError) {
  const Target target = OpenTarget();
  DeleteRow(target, Key(1), 3, /*points=*/0);
  EXPECT_EQ(Get(target.id).rows, 0);
  EXPECT_THAT(Provenance({.pipeline = kPipeline, .keys = {Key(1)}}), IsEmpty());
}

TEST_P(LedgerSuite, UpsertAndDeletionOfOneKeyInABatchIsADeletion) {
  const Target target = OpenTarget();
  CommitBatch batch = Batch(target);
  batch.upserts = {Row(Key(1), {"a"}, 2)};
  batch.deletions = {{Key(1), {1, 3}, 1}};
  Commit(batch);
  EXPECT_THAT(Load(target, {Key(1)}), IsEmpty());
  EXPECT_THAT(Find({Text("a")}), IsEmpty());
  EXPECT_EQ(Get(target.id).rows, 0);
  EXPECT_EQ(Get(target.id).points, 0);
}

// A run fails rows while a person discards letters: whoever is first, counters and rows agree.
TEST_P(LedgerSuite, LettersAreOpenedAndDiscardedAtTheSameTime) {
  constexpr int kBatches = 30;
  constexpr int kRows = 20;
  const Target target = OpenTarget();
  std::vector<CommitBatch> batches;
  for (int i = 0; i < kBatches; ++i) {
    CommitBatch batch = Batch(target);
    for (int j = 0; j < kRows; ++j) {
      batch.upserts.push_back(DeadRow(Key(i * kRows + j)));
      batch.dead_letters.push_back(Letter(Key(i * kRows + j)));
      if (i > 0) batch.dead_letters.push_back(Letter(Key((i - 1) * kRows + j)));
    }
    batches.push_back(std::move(batch));
  }
  std::atomic<bool> done = false;
  std::atomic<int> failures = 0;
  int64_t discarded = 0;
  {
    std::jthread discards([&] {
      // At least once among letters, however quick the commits are.
      while (!done || (discarded == 0 && failures == 0)) {
        const auto count = ledger().DiscardDeadLetters({.limit = 5});
        if (!count.ok()) ++failures;
        discarded += count.value_or(0);
      }
    });
    for (const CommitBatch& batch : batches) {
      if (!ledger().Commit(batch).ok()) ++failures;
    }
    done = true;
  }
  EXPECT_EQ(failures, 0);
  EXPECT_GT(discarded, 0);
  const auto letters = ledger().ListDeadLetters({.limit = 10'000}).value();
  EXPECT_EQ(Get(target.id).dead_letters, static_cast<int64_t>(letters.size()));
  ASSERT_TRUE(ledger().DiscardDeadLetters({}).ok());
  EXPECT_EQ(Get(target.id).dead_letters, 0);
  const auto rows =
      ledger().LoadRows(target.id, std::vector<std::string>{Key(kRows * kBatches - 1)});
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_FALSE(rows->at(0).dead);
}

}  // namespace drift::testing
