#include "ledger/provenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/key.h"

namespace drift::ledger {
namespace {

using ::testing::ElementsAre;

TEST(ProvenanceTest, TokensComeBack) {
  const PagePlace place{true, 7, int64_t{1} << 62, 3};
  const auto back = PlaceOf(ToToken(place));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(back->deleted);
  EXPECT_EQ(back->target_id, 7);
  EXPECT_EQ(back->row, int64_t{1} << 62);
  EXPECT_EQ(back->skip, 3);
}

TEST(ProvenanceTest, OfADeletedRowTheNumberOfPointsMayBeAllThatIsKnown) {
  Target target;
  target.key.pipeline = "docs";
  RowState row;
  row.key = "[1]";
  const DeletionInfo deletion{{2, 9}, {"01RUN", WallTime(std::chrono::seconds(5))}, 3};
  std::vector<ProvenanceRecord> records;
  AppendRecords(target, row, {}, &deletion, std::nullopt, records);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[2].point_id, PointId("docs", "[1]", 2));
  EXPECT_EQ(records[2].deleted_run_id, "01RUN");
  EXPECT_EQ(records[2].deleted_version, 9);
  records.clear();
  AppendRecords(target, row, {}, &deletion, PointId("docs", "[1]", 1), records);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].chunk, 1);
}

// Rows 10, 20, 30 of a target, of 1, 3 and 2 records; as a database with places would give them:
// row 30's records come with a second, empty entry of the same number.
StatusOr<std::vector<StoredRecords>> LoadSome(const Target& target, bool deleted, int64_t from,
                                              int64_t limit) {
  std::vector<StoredRecords> out;
  if (deleted || target.id != 2) return out;
  const std::vector<std::pair<int64_t, int>> rows = {{10, 1}, {20, 3}, {30, 2}, {30, 0}};
  for (const auto& [row, count] : rows) {
    if (row < from || (static_cast<int64_t>(out.size()) >= limit && out.back().row != row)) {
      continue;
    }
    StoredRecords& stored = out.emplace_back();
    stored.row = row;
    for (int i = 0; i < count; ++i) {
      stored.records.emplace_back().key = fmt::format("{}.{}", row, i);
    }
  }
  return out;
}

TEST(ProvenanceTest, PagesGoOnWithinARow) {
  std::vector<Target> targets(3);
  for (size_t i = 0; i < targets.size(); ++i) targets[i].id = static_cast<int64_t>(i) + 1;
  for (const int32_t limit : {1, 2, 3, 4, 100}) {
    SCOPED_TRACE(limit);
    ProvenanceFilter filter;
    filter.limit = limit;
    std::vector<std::string> keys;
    for (int pages = 0; pages < 20; ++pages) {
      const auto page = ListPage(targets, filter, LoadSome);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const ProvenanceRecord& record : page->records) keys.push_back(record.key);
      filter.page_token = page->next_page_token;
      if (filter.page_token.empty()) break;
    }
    EXPECT_THAT(keys, ElementsAre("10.0", "20.0", "20.1", "20.2", "30.0", "30.1"));
  }
}

}  // namespace
}  // namespace drift::ledger
