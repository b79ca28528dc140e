#include "pipeline/key_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace drift {
namespace {

KeyChange Fold(std::initializer_list<std::pair<int64_t, bool>> events) {
  KeyChange change;
  for (const auto& [version, add] : events) change.Apply(version, add);
  change.Close();
  return change;
}

TEST(KeyChange, TheLastVersionDecides) {
  EXPECT_TRUE(Fold({{1, true}}).IsUpsert());
  EXPECT_FALSE(Fold({{1, true}, {2, false}}).IsUpsert());
  EXPECT_TRUE(Fold({{1, false}, {2, true}}).IsUpsert());
  EXPECT_EQ(Fold({{1, true}, {5, false}}).version, 5);
}

TEST(KeyChange, ARewriteInOneVersionIsAnUpsertWhateverTheOrder) {
  for (const bool first : {true, false}) {
    const KeyChange change = Fold({{3, first}, {3, !first}});
    EXPECT_TRUE(change.IsUpsert());
    EXPECT_EQ(change.duplicates, 0);
    EXPECT_FALSE(change.needs_absent);
  }
}

TEST(KeyChange, TwoNewStatesInOneVersionAreDuplicates) {
  EXPECT_EQ(Fold({{1, true}, {1, true}, {1, true}}).duplicates, 3);
  // Also when a later version puts it right: the version in between was broken.
  EXPECT_EQ(Fold({{1, true}, {1, true}, {2, false}, {2, false}}).duplicates, 2);
}

TEST(KeyChange, ASecondInsertOfALivingKeyIsADuplicate) {
  EXPECT_EQ(Fold({{1, true}, {2, true}}).duplicates, 2);
  EXPECT_EQ(Fold({{1, true}, {2, false}, {3, true}}).duplicates, 0);
}

TEST(KeyChange, APlainInsertNeedsTheKeyToBeAbsent) {
  EXPECT_TRUE(Fold({{1, true}}).needs_absent);
  EXPECT_FALSE(Fold({{1, false}, {2, true}}).needs_absent);
}

TEST(KeyTable, KeepsWhatAMapKeeps) {
  std::mt19937 random(7);
  KeyTable table;
  std::map<std::string, int64_t> expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "[" + std::to_string(random() % 5'000) + "]";
    table[key].Apply(i, true);
    expected[key] = i;
  }
  EXPECT_EQ(table.size(), expected.size());
  for (const auto& [key, version] : expected) {
    ASSERT_NE(table.Find(key), nullptr);
    EXPECT_EQ(table.Find(key)->version, version);
  }
  EXPECT_EQ(table.Find("[5000]"), nullptr);
  size_t visited = 0;
  table.ForEach([&](std::string_view key, const KeyChange&) {
    EXPECT_TRUE(expected.contains(std::string(key)));
    ++visited;
  });
  EXPECT_EQ(visited, expected.size());
}

TEST(KeyTable, ClearedItGivesItsMemoryBack) {
  KeyTable table;
  const size_t empty = table.Bytes();
  for (int i = 0; i < 20'000; ++i) table["[" + std::to_string(i) + "]"].Apply(1, true);
  EXPECT_GT(table.Bytes(), 500'000);
  table.Clear();
  EXPECT_EQ(table.Bytes(), empty);
}

}  // namespace
}  // namespace drift
