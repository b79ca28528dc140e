#include "pipeline/key_fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/fakes/fake_embedder.h"
#include "tests/fakes/fake_ledger.h"
#include "tests/fakes/fake_source.h"

namespace drift {
namespace {

using testing::FakeSource;
using testing::FakeTable;
using ::testing::UnorderedElementsAre;

class KeyFoldTest : public ::testing::Test {
 protected:
  KeyFoldTest() {
    spec_.key = {"id"};
    spec_.text_columns = {"body"};
    renderer_ = std::make_unique<RowRenderer>(*RowRenderer::Make(spec_, counter_, 0));
    target_ = ledger_.OpenTarget({"docs", "fake/m", "f", 8, "fake://docs"})->id;
    options_.temp_folder = ::testing::TempDir();
  }

  StatusOr<KeyFold> Fold(const Window& window) {
    return KeyFold::Fold(source_, window, *renderer_, ledger_, target_, options_, {});
  }
  StatusOr<KeyFold> FoldAll() { return Fold(*source_.Snapshot(std::nullopt, {})); }
  StatusOr<KeyFold> FoldSince(int64_t version) {
    const Cursor cursor = *source_.StartAt(version, {});
    return Fold(**source_.Next(cursor, {}, {}));
  }
  static std::set<std::string> Gone(KeyFold& fold) {
    std::set<std::string> keys;
    EXPECT_TRUE(fold.ForEachGone([&](std::string_view key, int64_t) {
                      keys.emplace(key);
                      return OkStatus();
                    })
                    .ok());
    return keys;
  }
  std::set<std::string> Missing(KeyFold& fold, const std::vector<StagedKey>& staged = {}) {
    std::set<std::string> keys;
    const Status status = fold.ForEachMissing(
        staged, [&](const RowHead& row) { return keys.insert(row.key), OkStatus(); }, {});
    EXPECT_TRUE(status.ok()) << status;
    return keys;
  }
  void Commit(const std::vector<std::string>& keys) {
    CommitBatch batch;
    batch.target_id = target_;
    for (const std::string& key : keys) batch.upserts.push_back({key, {}, {1, 0}, false, {{}}});
    ASSERT_TRUE(ledger_.Commit(batch).ok());
  }
  static FakeTable::Rows Rows(int from, int to) {
    FakeTable::Rows rows;
    for (int i = from; i < to; ++i) rows.push_back({int64_t{i}, std::string("text")});
    return rows;
  }

  FakeTable table_{{"id", "body"}};
  FakeSource source_{table_, Projection{{"id"}, {"body"}}};
  testing::FakeLedger ledger_;
  testing::FakeTokenCounter counter_;
  PipelineSpec spec_;
  std::unique_ptr<RowRenderer> renderer_;
  int64_t target_ = 0;
  FoldOptions options_;
};

TEST_F(KeyFoldTest, TheNewestChangeWins) {
  table_.Insert(Rows(0, 3));
  table_.Update({{int64_t{1}, std::string("b")}});
  table_.Delete({int64_t{2}});
  auto fold = FoldSince(0);
  ASSERT_TRUE(fold.ok()) << fold.status();
  EXPECT_TRUE(fold->Wins("[0]", 0));
  EXPECT_FALSE(fold->Wins("[1]", 0));
  EXPECT_TRUE(fold->Wins("[1]", 1));
  EXPECT_FALSE(fold->Wins("[2]", 0));
  EXPECT_THAT(Gone(*fold), UnorderedElementsAre("[2]"));
  EXPECT_EQ(fold->upserts(), 2);
}

TEST_F(KeyFoldTest, AnUpdateOfTheKeyRemovesTheOldOne) {
  table_.Insert(Rows(0, 1));
  table_.Commit({{ChangeType::kUpdatePreimage, {int64_t{0}, std::string("text")}},
                 {ChangeType::kUpdatePostimage, {int64_t{9}, std::string("text")}}});
  auto fold = FoldSince(1);
  ASSERT_TRUE(fold.ok()) << fold.status();
  EXPECT_TRUE(fold->Wins("[9]", 1));
  EXPECT_THAT(Gone(*fold), UnorderedElementsAre("[0]"));
}

// With a limit of a few hundred bytes: the first whole versions that fit, or one version by disk.
TEST_F(KeyFoldTest, AWindowThatIsTooLargeIsCutBetweenVersions) {
  table_.Insert(Rows(0, 20));
  table_.Insert(Rows(20, 40));
  table_.Insert(Rows(100, 700));
  options_.max_memory_bytes = 4096;
  auto fold = FoldSince(0);
  ASSERT_TRUE(fold.ok()) << fold.status();
  EXPECT_EQ(fold->window().last_version, 1);
  EXPECT_EQ(fold->upserts(), 40);
  fold = FoldSince(2);
  ASSERT_TRUE(fold.ok()) << fold.status();
  EXPECT_EQ(fold->window().last_version, 2);
  EXPECT_EQ(fold->upserts(), 600);
}

TEST_F(KeyFoldTest, OneVersionOfAnySizeFitsByDisk) {
  table_.Insert(Rows(0, 3000));
  std::vector<FakeTable::Event> events;
  for (const auto& row : Rows(0, 3000)) events.push_back({ChangeType::kDelete, row});
  for (const auto& row : Rows(1500, 4500)) events.push_back({ChangeType::kInsert, row});
  table_.Commit(events);
  options_.max_memory_bytes = 4096;
  auto fold = FoldSince(1);
  ASSERT_TRUE(fold.ok()) << fold.status();
  EXPECT_EQ(fold->upserts(), 3000);
  const auto gone = Gone(*fold);
  EXPECT_EQ(gone.size(), 1500u);
  EXPECT_TRUE(gone.contains("[0]"));
  EXPECT_FALSE(gone.contains("[1500]"));
}

TEST_F(KeyFoldTest, DuplicatesAreFoundInMemoryAndOnDisk) {
  auto rows = Rows(0, 2000);
  rows.push_back({int64_t{77}, std::string("again")});
  rows.push_back({int64_t{77}, std::string("and again")});
  table_.Insert(rows);
  for (const size_t memory : {size_t{1} << 20, size_t{4096}}) {
    options_.max_memory_bytes = memory;
    EXPECT_EQ(Message(FoldAll().status()),
              "3 rows have the key [77] at version 0; a key must name one row");
  }
}

TEST_F(KeyFoldTest, APlainInsertOfALivingRowIsADuplicate) {
  Commit({"[5]"});
  table_.Insert(Rows(0, 1));
  table_.Insert({{int64_t{5}, std::string("x")}});
  EXPECT_EQ(Message(FoldSince(1).status()),
            "2 rows have the key [5] at version 1; a key must name one row");
}

TEST_F(KeyFoldTest, WhatASnapshotLacksIsMissing) {
  for (const size_t memory : {size_t{1} << 20, size_t{4096}}) {
    SCOPED_TRACE(memory);
    FakeTable table({"id", "body"});
    std::vector<std::string> keys;
    for (int i = 0; i < 3000; i += 2) keys.push_back("[" + std::to_string(i) + "]");
    Commit(keys);
    table_.Overwrite(Rows(0, 2990));
    options_.max_memory_bytes = memory;
    auto fold = FoldAll();
    ASSERT_TRUE(fold.ok()) << fold.status();
    EXPECT_THAT(Missing(*fold),
                UnorderedElementsAre("[2990]", "[2992]", "[2994]", "[2996]", "[2998]"));
    // Staged keys count as existing; those that the snapshot has do not.
    auto again = FoldAll();
    EXPECT_THAT(Missing(*again, {{"[2998]", 3, {}}, {"[1]", 2, {}}, {"[9999]", 1, {}}}),
                UnorderedElementsAre("[2990]", "[2992]", "[2994]", "[2996]", "[2998]", "[9999]"));
  }
}

TEST_F(KeyFoldTest, RowsWithoutAKeyAreNoIdentities) {
  table_.Insert({{Value(), std::string("a")}, {Value(), std::string("b")}});
  auto fold = FoldAll();
  ASSERT_TRUE(fold.ok()) << fold.status();
  EXPECT_EQ(fold->upserts(), 0);
  EXPECT_TRUE(fold->has_rows());
}

}  // namespace
}  // namespace drift
