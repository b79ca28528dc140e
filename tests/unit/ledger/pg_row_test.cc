#include "ledger/pg_row.h"

#include <gtest/gtest.h>

#include "core/key.h"

namespace drift::ledger {
namespace {

RowState SomeRow() {
  RowState row;
  row.key = "[\"KB-0193\"]";
  row.content[3] = 7;
  row.guard = {2, 1'000'000'000'000};
  row.chunks = {{Sha256("a"), 412, 96, true, 1920}, {Sha256("b"), 1, 0, false, 0}};
  return row;
}

TEST(PgRowTest, PlacesOfATargetLieTogetherAndNeverBelowZero) {
  for (const int64_t target : {int64_t{1}, int64_t{2}, int64_t{77'777}, kMaxPgTargetId - 1}) {
    for (int i = 0; i < 1000; ++i) {
      const int64_t place = RowPlace(target, "docs", fmt::format("[{}]", i));
      EXPECT_GE(place, FirstPlace(target));
      EXPECT_LT(place, FirstPlace(target + 1));
      EXPECT_EQ(TargetOfPlace(place), target);
    }
  }
  const Uuid point = PointId("docs", "[1]", 0);
  EXPECT_GT(PointPlace(kMaxPgTargetId, point), 0);
  EXPECT_EQ(RowPlace(5, "docs", "[1]"), PointPlace(5, point));
  EXPECT_NE(RowPlace(5, "docs", "[1]"), RowPlace(5, "docs", "[2]"));
}

TEST(PgRowTest, TextsOfASpaceAreFoundInAllItsTargetsAndInNoOther) {
  const TextSpace space("model-a", 256);
  const TextSpace other("model-a", 512);
  const Sha256Digest text = Sha256("text");
  const TextSpace::Range range = space.Places(text);
  EXPECT_GE(range.first, 0);
  for (const int64_t target : {int64_t{1}, int64_t{9}, kMaxPgTargetId}) {
    const int64_t place = space.Place(text, target);
    EXPECT_GE(place, range.first);
    EXPECT_LE(place, range.last);
    EXPECT_NE(place, space.Place(text, target - 1));
  }
  const int64_t elsewhere = other.Place(text, 1);
  EXPECT_TRUE(elsewhere < range.first || elsewhere > range.last);
  const int64_t another = space.Place(Sha256("another"), 1);
  EXPECT_TRUE(another < range.first || another > range.last);
}

TEST(PgRowTest, StateComesBack) {
  const RowState row = SomeRow();
  const std::string bytes = EncodeState(row, 12'345);
  const auto back = DecodeState(row.key, bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->written, 12'345);
  EXPECT_EQ(back->state.key, row.key);
  EXPECT_EQ(back->state.content, row.content);
  EXPECT_EQ(back->state.guard, row.guard);
  EXPECT_EQ(back->state.chunks, row.chunks);
  EXPECT_FALSE(back->state.dead);
  const auto head = DecodeHead(row.key, bytes);
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->chunks, 2);
  EXPECT_EQ(head->guard, row.guard);
  RowState dead;
  dead.dead = true;
  EXPECT_TRUE(DecodeState("[1]", EncodeState(dead, 1))->state.dead);
}

TEST(PgRowTest, DeletionComesBack) {
  StoredDeletion deletion{0, {"[1]", {3, 44}, 2}, 77, {0, SomeRow(), 12}};
  const auto back = DecodeDeletion("[1]", EncodeDeletion(deletion));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->deletion.guard, deletion.deletion.guard);
  EXPECT_EQ(back->deletion.points_removed, 2);
  EXPECT_EQ(back->deleted, 77);
  EXPECT_EQ(back->last.written, 12);
  EXPECT_EQ(back->last.state.chunks, SomeRow().chunks);
}

TEST(PgRowTest, StateOfOneChunkIsSmall) {
  RowState row = SomeRow();
  row.chunks.resize(1);
  row.guard = {1, 1000};
  EXPECT_LE(EncodeState(row, 100'000).size(), 66u);
}

TEST(PgRowTest, DamagedStateIsDataLoss) {
  const std::string bytes = EncodeState(SomeRow(), 5);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeState("[1]", bytes.substr(0, size)).status().code(), StatusCode::kDataLoss)
        << size;
  }
  EXPECT_EQ(DecodeState("[1]", bytes + "x").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(DecodeHead("[1]", "").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(DecodeDeletion("[1]", "\x01").status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace drift::ledger
