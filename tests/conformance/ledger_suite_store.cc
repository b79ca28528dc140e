// What holds beyond the life of a process.
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/uri.h"
#include "ledger/open.h"
#include "tests/conformance/ledger_child.h"
#include "tests/conformance/ledger_suite.h"
#include "tests/support/process.h"

namespace drift::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int kKilled = 128 + SIGKILL;

std::unique_ptr<Process> StartChild(const std::string& uri, const std::string& failpoint) {
  Process::Options options;
  options.args = {LEDGER_CHILD, uri};
  options.environment["DRIFT_FAILPOINT"] = failpoint;
  auto child = Process::Spawn(std::move(options));
  EXPECT_TRUE(child.ok()) << child.status();
  return std::move(*child);
}

StatusOr<std::unique_ptr<Ledger>> OpenByUri(const std::string& uri) {
  return OpenLedger(ParseUri(uri).value(), Clock::Real(), Rng::Real());
}

// How many batches of the child are there. Each is there as a whole, or not at all.
int CountBatches(Ledger& ledger) {
  const Target target = ledger.OpenTarget(LedgerChildTarget()).value();
  for (int batch = 1;; ++batch) {
    std::vector<std::string> keys;
    std::vector<Sha256Digest> texts;
    for (int i = 0; i < kLedgerChildRows; ++i) {
      keys.push_back(LedgerChildKey(batch, i));
      texts.push_back(LedgerChildText(batch, i));
    }
    const auto rows = ledger.LoadRows(target.id, keys);
    const auto found = ledger.FindTexts("shadow-8", 8, texts, target.id);
    EXPECT_TRUE(rows.ok() && found.ok());
    EXPECT_EQ(rows->size(), found->size()) << "batch " << batch;
    if (rows->empty()) {
      EXPECT_EQ(target.rows, (batch - 1) * kLedgerChildRows);
      EXPECT_EQ(target.points, (batch - 1) * kLedgerChildRows);
      return batch - 1;
    }
    EXPECT_THAT(*rows, SizeIs(kLedgerChildRows)) << "batch " << batch;
  }
}

}  // namespace

TEST_P(LedgerStoreSuite, EverythingIsThereAgain) {
  const std::string id = ledger().id();
  const Target target = OpenTarget();
  MakeRun("01RUN");
  CommitBatch batch = Batch(target, "01RUN");
  for (int i = 0; i < 3000; ++i) batch.upserts.push_back(Row(Key(i), {fmt::format("text {}", i)}));
  batch.cursor = Cursor{"c"};
  batch.version = 3;
  Commit(batch);
  DeleteRow(target, Key(7), 4);
  const int64_t stage =
      ledger().Stage(target.id, std::vector<StagedKey>{{Key(1), 4, {1, 4}}}).value();
  Reopen();
  EXPECT_EQ(ledger().id(), id);
  EXPECT_EQ(Get(target.id).rows, 2999);
  EXPECT_EQ(Get(target.id).cursor, batch.cursor);
  EXPECT_THAT(Load(target, {Key(1), Key(7), Key(2999)}), SizeIs(2));
  EXPECT_THAT(Find({Text("text 5"), Text("text 7")}), SizeIs(1));
  EXPECT_THAT(Provenance({.pipeline = kPipeline, .keys = {Key(7)}}), SizeIs(1));
  const auto staged = ledger().LoadStages(target.id).value();
  ASSERT_THAT(staged, SizeIs(1));
  EXPECT_EQ(staged[0].chunks, 4);
  EXPECT_GT(ledger().Stage(target.id, staged).value(), stage);
}

// A stage of an earlier process is an orphan even if nobody has asked for it.
TEST_P(LedgerStoreSuite, StagesOfAnEarlierProcessAreOrphans) {
  const Target target = OpenTarget();
  ASSERT_TRUE(ledger().Stage(target.id, std::vector<StagedKey>{{Key(1), 1, {0, 1}}}).ok());
  Reopen();
  ASSERT_TRUE(ledger().Stage(target.id, std::vector<StagedKey>{{Key(2), 1, {0, 1}}}).ok());
  CommitBatch batch = Batch(target);
  batch.closes_orphaned_stages = true;
  Commit(batch);
  const auto left = ledger().LoadStages(target.id).value();
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].key, Key(2));
}

TEST_P(LedgerStoreSuite, KillInTheMiddleOfACommitLeavesWholeBatches) {
  for (const std::string place :
       {"ledger-commit-begin", "ledger-commit-rows", "ledger-commit-end"}) {
    SCOPED_TRACE(place);
    CloseLedger();
    UseFreshStore();
    const auto child = StartChild(store().uri(), place + "@3");
    ASSERT_EQ(child->WaitForExit(), kKilled) << child->Output();
    Reopen();
    const Target target = ledger().OpenTarget(LedgerChildTarget()).value();
    EXPECT_EQ(CountBatches(ledger()), 2);
    const auto staged = ledger().LoadStages(target.id).value();
    ASSERT_THAT(staged, SizeIs(kLedgerChildRows));
    EXPECT_EQ(staged[0].guard.version, 3);
  }
}

TEST_P(LedgerStoreSuite, KillAfterACommitLosesNothing) {
  CloseLedger();
  const auto child = StartChild(store().uri(), "ledger-committed@3");
  ASSERT_EQ(child->WaitForExit(), kKilled) << child->Output();
  Reopen();
  EXPECT_EQ(CountBatches(ledger()), 3);
  EXPECT_THAT(ledger().LoadStages(OpenTarget(kPipeline, LedgerChildTarget().sink).id).value(),
              SizeIs(0));
}

TEST_P(LedgerStoreSuite, KillAtAnyTimeLeavesWholeBatches) {
  CloseLedger();
  const auto child = StartChild(store().uri(), "");
  // Enough that the indexes have been merged at least once.
  const Status begun = child->WaitForOutput("committed 40\n");
  ASSERT_TRUE(begun.ok()) << begun;
  const auto other = OpenByUri(store().uri());
  EXPECT_EQ(Reason(other.status()), kLedgerInUse);
  EXPECT_THAT(std::string(Message(other.status())),
              HasSubstr(fmt::format("in use by process {}", child->pid())));
  child->Signal(SIGKILL);
  ASSERT_EQ(child->WaitForExit(), kKilled);
  const std::string said = child->Output();
  Reopen();
  const int batches = CountBatches(ledger());
  EXPECT_THAT(said, HasSubstr(fmt::format("committed {}\n", batches - 1)));
  EXPECT_EQ(said.find(fmt::format("committed {}\n", batches + 1)), std::string::npos);
}

TEST_P(LedgerStoreSuite, SecondDaemonIsToldWhoHoldsTheLedger) {
  const auto second = OpenByUri(store().uri());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reason(second.status()), kLedgerInUse);
  const std::string message(Message(second.status()));
  EXPECT_THAT(message, HasSubstr(store().name()));
  EXPECT_THAT(message, HasSubstr(fmt::format("in use by process {}", getpid())));
  EXPECT_TRUE(ledger().Ping().ok());
  CloseLedger();
  EXPECT_TRUE(OpenByUri(store().uri()).ok());
}

TEST_P(LedgerStoreSuite, NewerSchemaIsRefused) {
  const int64_t version = store().SchemaVersion();
  EXPECT_GE(version, 2);
  store().SetSchemaVersion(version + 1);
  CloseLedger();
  const auto opened = store().Open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(opened.status())),
              HasSubstr(fmt::format("the ledger has schema version {}, and this driftd knows "
                                    "versions up to {}: start a newer driftd",
                                    version + 1, version)));
  store().SetSchemaVersion(version);
  Reopen();
}

TEST_P(LedgerStoreSuite, LedgerOfTheFirstVersionIsBroughtUpToDate) {
  const int64_t newest = store().SchemaVersion();
  CloseLedger();
  UseFreshStore();
  std::string id;
  Target target;
  {
    auto old = store().OpenVersion1();
    ASSERT_TRUE(old.ok()) << old.status();
    ASSERT_EQ(store().SchemaVersion(), 1);
    id = (*old)->id();
    target = (*old)->OpenTarget({kPipeline, kModel, kFingerprint, kDimensions, "s"}).value();
    CommitBatch batch = Batch(target);
    batch.upserts = {Row(Key(1), {"a"})};
    ASSERT_TRUE((*old)->Commit(batch).ok());
    RequestRecord intent;
    intent.tokens = 7;
    intent.started_at = At(1);
    ASSERT_TRUE((*old)->OpenRequest(intent).ok());
  }
  Reopen();
  EXPECT_EQ(store().SchemaVersion(), newest);
  EXPECT_EQ(ledger().id(), id);
  EXPECT_THAT(Load(target, {Key(1)}), SizeIs(1));
  EXPECT_EQ(ledger().SettleOpenRequests(At(2)).value(), 1);
  const CostRow cost = ledger().SumCosts({})->at(0);
  EXPECT_EQ(cost.tokens, 7);
  EXPECT_EQ(cost.tokens_by_estimate, 7);
  EXPECT_THAT(ledger().LatestBills("", 10).value(), ::testing::IsEmpty());
}

TEST_P(LedgerStoreSuite, PlaceOfAnotherProgramIsNotTouched) {
  CloseLedger();
  UseFreshStore();
  store().OccupyByAnother();
  const auto opened = store().Open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(opened.status())), HasSubstr("of another program"));
}

}  // namespace drift::testing
