// The main path over fakes: what each kind of change does, and what it costs.
#include "pipeline/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/key.h"
#include "core/reasons.h"
#include "pipeline/in_flight.h"
#include "tests/unit/pipeline/world.h"

namespace drift {
namespace {

using testing::FakeTable;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::World;

constexpr size_t kFirst = 256;  // rows of the first batch of a model inside the process

std::vector<Value> Row(const std::string& id, Value body, const std::string& lang = "en") {
  return {id, std::move(body), lang};
}
std::vector<Value> Row(const std::string& id, const char* body, const std::string& lang = "en") {
  return {id, std::string(body), lang};
}

class RunTest : public ::testing::Test {
 protected:
  void ExpectInStep() { EXPECT_EQ(world_.Index(), world_.Expected()); }
  size_t Asked() { return world_.embedder->billed_texts().size(); }
  int MostOften() {
    int most = 0;
    for (const auto& [text, times] : world_.embedder->billed_texts()) most = std::max(most, times);
    return most;
  }

  // The model runs inside the process.
  void MakeModelLocal() {
    ModelInfo model = world_.embedder->model();
    model.is_local = true;
    world_.embedder = std::make_shared<testing::FakeEmbedder>(model);
    world_.Restart();
  }

  World world_;
};

TEST_F(RunTest, ASnapshotThenChanges) {
  world_.table.Insert({Row("a", "one"), Row("b", "two"), Row("c", "three")});
  auto run = world_.Watch();  // without a cursor it embeds
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.counters.rows_inserted, 3);
  EXPECT_EQ(run.counters.texts_embedded, 3);
  ExpectInStep();
  EXPECT_TRUE(world_.store.Indexed("docs"));

  world_.table.Update({Row("a", "uno")});
  world_.table.Delete({std::string("b")});
  world_.table.Insert({Row("d", "four")});
  run = world_.Watch();
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.counters.rows_updated, 1);
  EXPECT_EQ(run.counters.rows_deleted, 1);
  EXPECT_EQ(run.counters.rows_inserted, 1);
  EXPECT_EQ(run.counters.texts_embedded, 2);
  ExpectInStep();
  EXPECT_EQ(world_.CurrentTarget().version, 3);
}

TEST_F(RunTest, TwiceInARowCostsAndWritesNothing) {
  world_.table.Insert({Row("a", "one"), Row("b", "two")});
  ASSERT_TRUE(world_.Embed().status.ok());
  const int64_t written = world_.sink->points_asked();
  const auto again = world_.Embed();
  ASSERT_TRUE(again.status.ok());
  EXPECT_EQ(again.counters.rows_unchanged, 2);
  EXPECT_EQ(again.counters.provider_requests, 0);
  EXPECT_EQ(world_.sink->points_asked(), written);
}

TEST_F(RunTest, EqualTextsArePaidOnceAndAreTwoPoints) {
  world_.table.Insert({Row("a", "same"), Row("b", "same"), Row("c", "same")});
  const auto run = world_.Embed();
  EXPECT_EQ(run.counters.texts_embedded, 1);
  EXPECT_EQ(run.counters.texts_reused, 2);
  ExpectInStep();
  world_.table.Delete({std::string("a")});
  ASSERT_TRUE(world_.Watch().status.ok());
  ExpectInStep();
  EXPECT_EQ(world_.Index().size(), 2u);
  // A live point with the text is there still: another row gets it for nothing.
  world_.table.Insert({Row("d", "same")});
  EXPECT_EQ(world_.Watch().counters.provider_requests, 0);
  EXPECT_EQ(MostOften(), 1);
}

TEST_F(RunTest, AnOverwriteWithEqualRowsCostsNothing) {
  world_.table.Insert({Row("a", "one"), Row("b", "two")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.table.Overwrite({Row("a", "one"), Row("b", "two")});
  const auto run = world_.Watch();
  EXPECT_EQ(run.counters.provider_requests, 0);
  EXPECT_EQ(run.counters.rows_unchanged, 2);
  ExpectInStep();
}

TEST_F(RunTest, DeleteAndInsertAgainInAWindowCostsNothing) {
  world_.table.Insert({Row("a", "one")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.table.Delete({std::string("a")});
  world_.table.Insert({Row("a", "one")});
  EXPECT_EQ(world_.Watch().counters.provider_requests, 0);
  ExpectInStep();
}

TEST_F(RunTest, APayloadChangeUpdatesThePayloadWithoutARequest) {
  world_.table.Insert({Row("a", "one", "en")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.table.Update({Row("a", "one", "de")});
  const auto run = world_.Watch();
  EXPECT_EQ(run.counters.provider_requests, 0);
  EXPECT_EQ(run.counters.rows_updated, 1);
  const auto points = world_.store.Points("docs");
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_EQ(PayloadJson(points.begin()->second.point.payload), R"({"lang":"de"})");
}

TEST_F(RunTest, ARowThatLosesItsTextLosesItsPoint) {
  world_.table.Insert({Row("a", "one"), Row("b", "two")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.table.Update({Row("a", Value()), Row("b", " \n")});
  ASSERT_TRUE(world_.Watch().status.ok());
  EXPECT_THAT(world_.Index(), IsEmpty());
  world_.table.Update({Row("a", "back")});
  ASSERT_TRUE(world_.Watch().status.ok());
  ExpectInStep();
}

TEST_F(RunTest, ARowWithoutTextThatIsDeletedIsForgotten) {
  world_.table.Insert({Row("a", Value()), Row("b", "two")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.table.Delete({std::string("a")});
  ASSERT_TRUE(world_.Watch().status.ok());
  EXPECT_EQ(world_.CurrentTarget().rows, 1);
  world_.table.Insert({Row("a", "back")});  // no second row of a living key
  ASSERT_TRUE(world_.Watch().status.ok());
  ExpectInStep();
}

TEST_F(RunTest, DuplicateKeysPauseBeforeAnythingIsPaid) {
  world_.table.Insert({Row("a", "one"), Row("a", "two"), Row("b", "x"), Row("b", "y")});
  const auto run = world_.Embed();
  EXPECT_EQ(Reason(run.status), reason::kDuplicateKey);
  EXPECT_EQ(
      Message(run.status),
      R"(2 rows have the key ["a"] at version 0, and 1 more keys are not unique; a key must name one row)");
  EXPECT_EQ(Asked(), 0u);
}

TEST_F(RunTest, ASecondInsertOfALivingKeyPauses) {
  world_.table.Insert({Row("a", "one")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.table.Insert({Row("a", "two")});
  const auto run = world_.Watch();
  EXPECT_EQ(Reason(run.status), reason::kDuplicateKey);
  EXPECT_EQ(world_.CurrentTarget().version, 0);
}

TEST_F(RunTest, ARejectedTextIsADeadLetterAndTheRestGoesOn) {
  world_.table.Insert({Row("a", "good"), Row("b", "poison"), Row("c", "fine")});
  world_.embedder->RefuseCallsWith("poison", InvalidArgument("input is not acceptable"));
  const auto run = world_.Embed();
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.counters.dead_letters, 1);
  EXPECT_EQ(world_.Index().size(), 2u);
  const auto letters = world_.ledger.ListDeadLetters({});
  ASSERT_THAT(*letters, SizeIs(1));
  EXPECT_EQ(letters->front().key, R"(["b"])");
  EXPECT_EQ(letters->front().reason, "REJECTED_BY_PROVIDER");
  // Rewriting the table does not pay for it again.
  const size_t calls = world_.embedder->calls().size();
  world_.table.Overwrite({Row("a", "good"), Row("b", "poison"), Row("c", "fine")});
  ASSERT_TRUE(world_.Watch().status.ok());
  EXPECT_EQ(world_.embedder->calls().size(), calls);
  // A new text of the row is tried, and settles the letter.
  world_.table.Update({Row("b", "mended")});
  ASSERT_TRUE(world_.Watch().status.ok());
  EXPECT_THAT(*world_.ledger.ListDeadLetters({}), IsEmpty());
  ExpectInStep();
}

TEST_F(RunTest, AReplayEmbedsDeadRowsAgain) {
  world_.table.Insert({Row("a", "good"), Row("b", "poison")});
  world_.embedder->RejectText("poison", InvalidArgument("not today"));
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.embedder = std::make_shared<testing::FakeEmbedder>();
  world_.queue = std::make_shared<EmbedQueue>(
      EmbedQueue::Parts{world_.embedder, std::make_shared<testing::FakeTokenCounter>(),
                        [](int64_t tokens, WallTime) { return tokens; },
                        std::make_shared<Pacer>(world_.embedder->model(), Clock::Real()),
                        std::make_shared<RecentVectors>(1 << 20), world_.ledger, world_.budget,
                        Clock::Real(), world_.rng, world_.metrics});
  const auto replay = world_.Replay();
  ASSERT_TRUE(replay.status.ok()) << replay.status;
  EXPECT_EQ(replay.counters.texts_embedded, 1);
  EXPECT_THAT(*world_.ledger.ListDeadLetters({}), IsEmpty());
  ExpectInStep();
}

TEST_F(RunTest, TooManyDeadLettersPause) {
  world_.spec.limits.max_dead_letters = 1;
  world_.table.Insert({{Value(), std::string("x"), std::string("en")},
                       {Value(), std::string("y"), std::string("en")}});
  const auto run = world_.Embed();
  EXPECT_EQ(Reason(run.status), reason::kTooManyDeadLetters);
  EXPECT_EQ(Message(run.status), "2 rows cannot be embedded, more than max_dead_letters (1)");
}

TEST_F(RunTest, FirstContactTakesOverWhatLiesThere) {
  world_.table.Insert({Row("a", "one"), Row("b", "two"), Row("gone", "three")});
  ASSERT_TRUE(world_.Embed().status.ok());
  // The ledger is lost; the collection is not. Meanwhile a row went and one changed.
  World fresh;
  fresh.table.Insert({Row("a", "one"), Row("b", "zwei")});
  for (const auto& [id, stored] : world_.store.Points("docs")) {
    (void)id;
    (void)stored;
  }
  fresh.sink = std::make_shared<testing::FakeSink>(world_.store, "docs");
  const auto run = fresh.Embed();
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.counters.texts_embedded, 1);  // "zwei"; the vector of "one" was read back
  EXPECT_EQ(run.counters.texts_reused, 1);
  EXPECT_EQ(fresh.CurrentTarget().revision, 2);
  EXPECT_EQ(world_.Index(), fresh.Expected());
}

TEST_F(RunTest, ALedgerPutBackFromABackupIsNoticed) {
  world_.table.Insert({Row("a", "one")});
  ASSERT_TRUE(world_.Embed().status.ok());
  const auto put_back = world_.ledger.Backup();
  world_.table.Insert({Row("x", "two")});
  ASSERT_TRUE(world_.Watch().status.ok());
  world_.table.Delete({Row("x", "two")});
  put_back();
  // Alone, the feed says of x only that it is gone, and this ledger has never heard of it.
  const auto run = world_.Watch();
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.counters.texts_embedded, 0) << "nothing is paid again";
  EXPECT_EQ(world_.CurrentTarget().revision, 2);
  ExpectInStep();
}

TEST_F(RunTest, ALostIndexIsNoticed) {
  world_.table.Insert({Row("a", "one"), Row("b", "two")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.store.Lose("docs");
  world_.table.Insert({Row("c", "three")});
  const auto watch = world_.Watch();
  EXPECT_EQ(Reason(watch.status), reason::kIndexLost);
  EXPECT_THAT(std::string(Message(watch.status)), HasSubstr("the ledger knows 2 rows in it"));
  const auto embed = world_.Embed();
  ASSERT_TRUE(embed.status.ok()) << embed.status;
  ExpectInStep();
}

TEST_F(RunTest, AChangedConfigurationPausesAndEmbedCarriesItOut) {
  world_.table.Insert({Row("a", "one"), Row("b", "two")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.spec.payload = {};
  world_.table.Insert({Row("c", "three")});
  const auto watch = world_.Watch();
  EXPECT_EQ(Reason(watch.status), reason::kConfigChanged);
  EXPECT_EQ(Message(watch.status),
            "the configuration changed (payload), so every row has to be looked at again");
  const auto embed = world_.Embed();
  ASSERT_TRUE(embed.status.ok()) << embed.status;
  EXPECT_EQ(embed.counters.texts_embedded, 1);
  EXPECT_EQ(embed.counters.texts_reused, 2);
  EXPECT_EQ(world_.CurrentTarget().revision, 2);
  ExpectInStep();
}

TEST_F(RunTest, AnotherWayToTheSameCollectionIsNoChange) {
  world_.table.Insert({Row("a", "one"), Row("b", "two")});
  ASSERT_TRUE(world_.Embed().status.ok());
  const int64_t target = world_.CurrentTarget().id;
  world_.spec.sink += "&timeout_secs=5";
  world_.table.Insert({Row("c", "three")});
  const auto watch = world_.Watch();
  ASSERT_TRUE(watch.status.ok()) << watch.status;
  EXPECT_EQ(watch.counters.points_written, 1);
  EXPECT_EQ(world_.CurrentTarget().id, target);
  EXPECT_EQ(world_.CurrentTarget().key.sink, world_.spec.sink);
  ExpectInStep();
}

TEST_F(RunTest, HistoryGoneIsNamedAndEmbedMendsIt) {
  world_.table.Insert({Row("a", "one"), Row("b", "two")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.table.Delete({std::string("a")});
  world_.table.Insert({Row("c", "three")});
  world_.table.DropHistoryBefore(2);
  EXPECT_EQ(Reason(world_.Watch().status), reason::kHistoryGone);
  const auto embed = world_.Embed();
  ASSERT_TRUE(embed.status.ok()) << embed.status;
  EXPECT_EQ(embed.counters.rows_deleted, 1);
  EXPECT_EQ(embed.counters.texts_embedded, 1);
  ExpectInStep();
}

TEST_F(RunTest, ARecreatedTableWinsWithANewRevision) {
  world_.table.Insert({Row("a", "one"), Row("b", "two")});
  world_.table.Insert({Row("c", "three")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.table.Recreate({Row("a", "new"), Row("d", "four")});
  EXPECT_EQ(Reason(world_.Watch().status), reason::kTableRecreated);
  const auto embed = world_.Embed();
  ASSERT_TRUE(embed.status.ok()) << embed.status;
  EXPECT_EQ(world_.CurrentTarget().revision, 2);
  ExpectInStep();
  EXPECT_EQ(world_.CurrentTarget().version, 0);
}

TEST_F(RunTest, ATableWithoutAFeedIsKeptInStepBySnapshots) {
  world_.table.SetChangeFeed(false);
  world_.table.Insert({Row("a", "one"), Row("b", "two")});
  ASSERT_TRUE(world_.Watch().status.ok());
  world_.table.Update({Row("a", "uno")});
  world_.table.Delete({std::string("b")});
  const auto run = world_.Watch();
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.counters.texts_embedded, 1);
  EXPECT_EQ(run.counters.rows_deleted, 1);
  ExpectInStep();
}

TEST_F(RunTest, SinceVersionTakesNoSnapshot) {
  world_.table.Insert({Row("a", "one")});
  world_.table.Insert({Row("b", "two")});
  world_.spec.since_version = 1;
  ASSERT_TRUE(world_.Watch().status.ok());
  EXPECT_EQ(world_.Index().size(), 1u);
  ASSERT_TRUE(world_.Embed().status.ok());
  ExpectInStep();
}

TEST_F(RunTest, ASourceThatIsAwayForAMomentIsReadOn) {
  FakeTable::Rows rows;
  for (int i = 0; i < 30; ++i)
    rows.push_back(Row("k" + std::to_string(i), ("t" + std::to_string(i)).c_str()));
  world_.table.Insert(rows);
  int batches = 0;
  world_.on_rows = [&]() -> Status {
    return ++batches == 4 ? Unavailable("connection reset") : OkStatus();
  };
  const auto run = world_.Embed();
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.counters.rows_read, 30);
  EXPECT_EQ(MostOften(), 1);
  ExpectInStep();
}

TEST_F(RunTest, ASinkThatIsAwayIsWaitedForAndNothingIsPaidTwice) {
  world_.table.Insert({Row("a", "one"), Row("b", "two")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.table.Update({Row("a", "uno")});
  world_.sink->Fail({.call = testing::SinkCall::kWrite, .times = 2, .status = Unavailable("away")});
  ASSERT_TRUE(world_.Watch().status.ok());
  EXPECT_EQ(MostOften(), 1);
  ExpectInStep();
}

TEST_F(RunTest, PointsTheSinkRefusesAreDeadLetters) {
  world_.table.Insert({Row("a", "one"), Row("bad", "two")});
  world_.sink->RejectKeys("bad");
  const auto run = world_.Embed();
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.counters.dead_letters, 1);
  EXPECT_EQ(run.counters.points_written, 1);
  EXPECT_EQ(world_.Index().size(), 1u);
}

TEST_F(RunTest, TextsThatMoveBetweenRowsOfAWindowArePaidOnce) {
  world_.spec.limits.max_in_flight_bytes = 4096;  // batches of 16 rows
  constexpr int kRows = 100;
  const auto rows = [](int shift) {
    FakeTable::Rows out;
    for (int i = 0; i < kRows; ++i) {
      out.push_back(Row("k" + std::to_string(i),
                        ("text " + std::to_string((i * 37 + shift) % kRows)).c_str()));
    }
    return out;
  };
  world_.table.Insert(rows(0));
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.Restart();
  world_.table.Update(rows(41));
  const auto run = world_.Watch();
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.counters.rows_updated, kRows);
  EXPECT_EQ(run.counters.provider_requests, 0);
  ExpectInStep();
}

TEST_F(RunTest, ATextThatACrashLeftInTheSinkIsPaidOnceWhateverRowWantsItThen) {
  world_.table.Insert({Row("a", "one")});
  ASSERT_TRUE(world_.Embed().status.ok());
  world_.table.Update({Row("a", "two")});
  world_.ledger.on_commit_end = [] { return Internal("killed"); };
  ASSERT_FALSE(world_.Watch().status.ok());
  world_.ledger.on_commit_end = nullptr;
  world_.Restart();
  world_.table.Update({Row("a", "three")});
  world_.table.Insert({Row("b", "two")});
  const auto run = world_.Watch();
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.counters.texts_embedded, 1);  // three
  EXPECT_EQ(MostOften(), 1);
  ExpectInStep();
}

TEST_F(RunTest, AStopDoesNotWaitForAModelInTheProcess) {
  MakeModelLocal();
  world_.table.Insert({Row("a", "one")});
  world_.embedder->Hold();
  world_.embedder->OnCall([&](auto) { world_.soft.request_stop(); });
  EXPECT_EQ(world_.Watch().status.code(), StatusCode::kCancelled);
}

TEST_F(RunTest, AModelInTheProcessRunsNotFarAheadOfTheSink) {
  MakeModelLocal();
  constexpr size_t kBatch = 2048;
  constexpr size_t kBatches = 12;
  FakeTable::Rows rows;
  for (size_t i = 0; i < kBatches * kBatch; ++i)
    rows.push_back(Row("k" + std::to_string(i), ("text " + std::to_string(i)).c_str()));
  world_.table.Insert(rows);
  world_.source_batch_rows = kBatch;
  world_.sink->Hold(testing::SinkCall::kWrite);
  size_t asked = 0;
  std::jthread observer([&] {
    world_.sink->AwaitHeld(testing::SinkCall::kWrite);
    for (size_t before = 0; asked == 0 || asked != before; asked = Asked()) {
      before = asked;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    world_.sink->Release(testing::SinkCall::kWrite);
  });
  const auto run = world_.Embed();
  observer.join();
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_GE(asked, 2 * kFirst);
  EXPECT_LE(asked, 7 * kBatch);
  ExpectInStep();
}

TEST_F(RunTest, TheFirstRowsOfAModelInTheProcessAreNotHeldUpByAFullBatch) {
  MakeModelLocal();
  FakeTable::Rows rows;
  for (size_t i = 0; i < 2 * kFirst; ++i)
    rows.push_back(Row("k" + std::to_string(i), ("text " + std::to_string(i)).c_str()));
  world_.table.Insert(rows);
  world_.source_batch_rows = rows.size();
  world_.sink->Fail({.call = testing::SinkCall::kWrite, .skip = 1, .status = Internal("broken")});
  ASSERT_FALSE(world_.Embed().status.ok());
  EXPECT_EQ(world_.Index().size(), kFirst);
}

TEST(InFlightTest, BatchesHoldWhatAModelInTheProcessDoesInTwoSeconds) {
  EXPECT_EQ(InFlight::RowsForPace(256, std::chrono::seconds(1)), 512u);
  EXPECT_EQ(InFlight::RowsForPace(256, std::chrono::seconds(10)), 51u);
  EXPECT_EQ(InFlight::RowsForPace(256, std::chrono::minutes(2)), 32u);
  EXPECT_GT(InFlight::RowsForPace(256, std::chrono::milliseconds(1)), 100'000u);
  EXPECT_GT(InFlight::RowsForPace(256, Duration::zero()), 100'000u);
}

TEST_F(RunTest, ManyRowsInSmallMemory) {
  world_.spec.limits.max_in_flight_bytes = 4096;
  FakeTable::Rows rows;
  for (int i = 0; i < 500; ++i)
    rows.push_back(Row("k" + std::to_string(i), ("text " + std::to_string(i % 350)).c_str()));
  world_.table.Insert(rows);
  world_.source_batch_rows = 17;
  const auto run = world_.Embed();
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.counters.texts_embedded, 350);
  EXPECT_EQ(MostOften(), 1);
  ExpectInStep();
}

}  // namespace
}  // namespace drift
