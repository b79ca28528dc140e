#include "ledger/hash_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "ledger/sqlite_schema.h"
#include "tests/support/process.h"

namespace drift::ledger {
namespace {

using Entry = HashIndex::Entry;

class HashIndexTest : public ::testing::Test {
 protected:
  HashIndexTest() { Reopen(); }

  void Reopen() {
    index_ = nullptr;
    db_ = nullptr;
    auto db = SqliteDatabase::Open(folder_ / "index.db", {});
    EXPECT_TRUE(db.ok()) << db.status();
    db_ = std::move(*db);
    EXPECT_TRUE(MigrateSqlite(*db_, SqliteMigrations(), Clock::Real(), Rng::Real()).ok());
    if (!made_) {
      EXPECT_TRUE(CreateSpaceTable(*db_, 1).ok());
    }
    made_ = true;
    index_ = std::make_unique<HashIndex>(TextsTable(1), pending_);
    EXPECT_TRUE(index_->Load(*db_).ok());
  }

  // One transaction. It is rolled back, and the index is not told, unless `durable`.
  void Write(std::vector<HashIndex::Change> changes, bool durable = true) {
    HashIndex::Work work;
    work.changes = std::move(changes);
    auto transaction = SqliteTransaction::Begin(*db_, SqliteTransaction::Kind::kWrite);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(index_->Write(*db_, work).ok());
    if (!durable) return;
    ASSERT_TRUE(transaction->Commit().ok());
    index_->Committed(work);
  }

  // What a reader would follow: removed entries that are still in the table are passed over.
  std::set<Entry> Find(int64_t hash) {
    const std::vector<int64_t> hashes = {hash};
    std::vector<HashIndex::Hit> hits = index_->Pending(hashes);
    EXPECT_TRUE(index_->Stored(*db_, hashes, hits).ok());
    std::set<Entry> found;
    for (const HashIndex::Hit& hit : hits) {
      const Entry entry{hash, hit.owner, hit.row};
      if (!index_->Removed(entry)) found.insert(entry);
    }
    return found;
  }

  int64_t Stored() { return db_->QueryInt("SELECT count(*) FROM texts_1").value_or(-1); }
  int64_t Logged() { return db_->QueryInt("SELECT count(*) FROM index_log").value_or(-1); }

  testing::TempDir folder_;
  PendingCount pending_ = 0;
  std::unique_ptr<SqliteDatabase> db_;
  std::unique_ptr<HashIndex> index_;
  bool made_ = false;
};

TEST_F(HashIndexTest, SmallChangesStayInTheLogAndOutliveAProcess) {
  Write({{{1, 1, 10}, true}, {{1, 2, 11}, true}, {{-5, 1, 12}, true}});
  EXPECT_EQ(Stored(), 0);
  EXPECT_EQ(pending_, 3);
  Reopen();
  EXPECT_EQ(Find(1), (std::set<Entry>{{1, 1, 10}, {1, 2, 11}}));
  Write({{{1, 1, 10}, false}});
  EXPECT_EQ(Find(1), (std::set<Entry>{{1, 2, 11}}));
  EXPECT_EQ(Find(-5), (std::set<Entry>{{-5, 1, 12}}));
}

TEST_F(HashIndexTest, WhatWasRolledBackLeavesNothing) {
  Write({{{1, 1, 10}, true}});
  Write({{{1, 1, 10}, false}, {{2, 1, 11}, true}}, /*durable=*/false);
  EXPECT_EQ(Find(1).size(), 1u);
  EXPECT_TRUE(Find(2).empty());
}

// Against a set, with rollbacks, reopenings and merges at any time.
TEST_F(HashIndexTest, RandomWorkEndsAsASetWould) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  std::set<Entry> model;
  bool merged = false;
  for (int round = 0; round < 60; ++round) {
    std::vector<HashIndex::Change> changes;
    std::set<Entry> after = model;
    for (int i = 0; i < 700; ++i) {
      const Entry entry{static_cast<int64_t>(random() % 9000) - 4500,
                        static_cast<int64_t>(random() % 3), static_cast<int64_t>(random() % 4)};
      const bool add = random() % 3 != 0;
      changes.push_back({entry, add});
      if (add)
        after.insert(entry);
      else
        after.erase(entry);
    }
    const bool durable = random() % 5 != 0;
    Write(std::move(changes), durable);
    if (durable) model.swap(after);
    merged |= Stored() > 0;
    if (random() % 10 == 0) Reopen();
  }
  EXPECT_TRUE(merged);
  const auto check = [&] {
    std::set<Entry> found;
    for (int64_t hash = -4500; hash < 4500; ++hash) found.merge(Find(hash));
    EXPECT_EQ(found.size(), model.size());
    EXPECT_TRUE(found == model);
  };
  check();
  {
    auto transaction = SqliteTransaction::Begin(*db_, SqliteTransaction::Kind::kWrite);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(index_->MergeAll(*db_).ok());
    ASSERT_TRUE(transaction->Commit().ok());
  }
  index_->Emptied(Stored());
  EXPECT_EQ(pending_, 0);
  EXPECT_EQ(Stored(), static_cast<int64_t>(model.size()));
  EXPECT_EQ(Logged(), 0);
  check();
}

TEST_F(HashIndexTest, DamagedLogIsDataLoss) {
  Write({{{1, 1, 10}, true}});
  ASSERT_TRUE(db_->Execute("UPDATE index_log SET changes = x'0102'").ok());
  HashIndex again(TextsTable(1), pending_);
  const Status status = again.Load(*db_);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(Message(status)), ::testing::HasSubstr("texts_1"));
}

}  // namespace
}  // namespace drift::ledger
