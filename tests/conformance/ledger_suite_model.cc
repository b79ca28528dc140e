// Random histories, compared with the fake.
#include <algorithm>
#include <cstdlib>

#include "base/rng.h"
#include "core/key.h"
#include "tests/conformance/ledger_suite.h"
#include "tests/fakes/fake_ledger.h"

namespace drift::testing {
namespace {

// Random work on two ledgers at once.
class Pair {
 public:
  Pair(uint64_t seed, int64_t keys) : random_(seed), keys_(keys) {}

  int64_t Below(int64_t limit) {
    return static_cast<int64_t>(SplitMix64(random_) % static_cast<uint64_t>(limit));
  }
  std::string AnyKey() { return fmt::format("[{}]", Below(keys_)); }
  // Few enough that rows share them.
  std::string AnyText() { return fmt::format("text {}", Below(keys_)); }

  RowState AnyRow(int64_t version) {
    RowState row;
    row.key = AnyKey();
    row.guard = {1, version};
    const int64_t kind = Below(20);
    if (kind == 0) row.dead = true;
    const int64_t chunks = kind < 2 ? 0 : kind < 17 ? 1 : Below(5);
    for (int64_t i = 0; i < chunks; ++i) {
      row.chunks.push_back({Sha256(AnyText()), static_cast<int32_t>(Below(9000)),
                            static_cast<int32_t>(Below(3000)), Below(2) == 1, Below(1 << 20)});
    }
    row.content[0] = static_cast<uint8_t>(Below(256));
    return row;
  }

  CommitBatch AnyBatch(int64_t target_id, int64_t version, int64_t rows) {
    CommitBatch batch;
    batch.target_id = target_id;
    batch.now = WallTime(std::chrono::seconds(1'763'700'000 + version));
    for (int64_t i = 0; i < rows; ++i) batch.upserts.push_back(AnyRow(version));
    for (const RowState& row : batch.upserts) {
      if (!row.dead) continue;
      DeadLetter& letter = batch.dead_letters.emplace_back();
      letter.pipeline = "docs";
      letter.key = row.key;
      letter.first_at = letter.last_at = batch.now;
    }
    const int64_t deletions = Below(4) == 0 ? Below(rows) : 0;
    for (int64_t i = 0; i < deletions; ++i) {
      batch.deletions.push_back({AnyKey(), {1, version}, static_cast<int32_t>(Below(3))});
    }
    for (int64_t i = Below(20); i > 0; --i) batch.closed_letters.push_back(AnyKey());
    if (Below(3) == 0) batch.cursor = Cursor{fmt::format("c{}", version)};
    if (Below(3) == 0) batch.version = version;
    return batch;
  }

 private:
  uint64_t random_;
  const int64_t keys_;
};

std::vector<std::string> Sorted(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  return list;
}

std::vector<std::string> DescribeRecords(Ledger& ledger, const ProvenanceFilter& filter) {
  const auto page = ledger.FindProvenance(filter);
  EXPECT_TRUE(page.ok()) << page.status();
  std::vector<std::string> out;
  if (!page.ok()) return out;
  for (const ProvenanceRecord& record : page->records) {
    out.push_back(fmt::format("{}/{} of {} v{} tokens {} {} v{} {}", record.key, record.chunk,
                              record.chunks, record.table_version, record.text.tokens,
                              record.deleted ? "deleted" : "live", record.deleted_version,
                              record.points_removed));
  }
  return out;
}

std::vector<std::string> DescribeTexts(const std::vector<TextMatch>& matches) {
  std::vector<std::string> out;
  for (const TextMatch& match : matches) {
    out.push_back(fmt::format("{:x}", Prefix64(match.text_sha256)));
  }
  return Sorted(std::move(out));
}

// Which of several points is a matter of taste; that it holds the text now is not.
void CheckMatches(Ledger& ledger, const std::vector<TextMatch>& matches) {
  constexpr size_t kChecks = 30;
  for (size_t i = 0; i < matches.size(); i += 1 + matches.size() / kChecks) {
    const auto page = ledger.FindProvenance({.point_id = matches[i].point_id, .limit = 1});
    ASSERT_TRUE(page.ok() && page->records.size() == 1 && !page->records[0].deleted);
    ASSERT_EQ(page->records[0].text.text_sha256, matches[i].text_sha256);
  }
}

void Compare(Ledger& ledger, FakeLedger& model, const Target& target, const Target& in_model,
             int64_t keys) {
  std::vector<std::string> all;
  std::vector<Sha256Digest> texts;
  for (int64_t i = 0; i < keys; ++i) {
    all.push_back(fmt::format("[{}]", i));
    texts.push_back(Sha256(fmt::format("text {}", i)));
  }
  EXPECT_EQ(Sorted(DescribeAll(ledger.LoadRows(target.id, all).value())),
            Sorted(DescribeAll(model.LoadRows(in_model.id, all).value())));
  const auto matches = ledger.FindTexts("shadow-8", 8, texts, target.id);
  ASSERT_TRUE(matches.ok()) << matches.status();
  CheckMatches(ledger, *matches);
  EXPECT_EQ(DescribeTexts(*matches),
            DescribeTexts(model.FindTexts("shadow-8", 8, texts, 0).value()));
  const Target now = ledger.GetTarget(target.id).value();
  const Target expected = model.GetTarget(in_model.id).value();
  EXPECT_EQ(now.rows, expected.rows);
  EXPECT_EQ(now.points, expected.points);
  EXPECT_EQ(now.dead_letters, expected.dead_letters);
  EXPECT_EQ(now.version, expected.version);
  EXPECT_EQ(now.cursor, expected.cursor);
  for (int64_t i = 0; i < keys; i += keys / 10) {
    ProvenanceFilter filter{.pipeline = "docs", .keys = {all[static_cast<size_t>(i)]}};
    EXPECT_EQ(DescribeRecords(ledger, filter), DescribeRecords(model, filter));
    filter = {.point_id =
                  PointId("docs", all[static_cast<size_t>(i)], static_cast<int32_t>(i % 3))};
    EXPECT_EQ(DescribeRecords(ledger, filter), DescribeRecords(model, filter));
  }
}

uint64_t Seed() {
  const char* given = std::getenv("DRIFT_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : Rng::Real().Next();
  fmt::print("DRIFT_TEST_SEED={}\n", seed);
  return seed;
}

}  // namespace

TEST_P(LedgerSuite, RandomHistoriesEndAsTheModelSays) {
  constexpr int kCommits = 60;
  constexpr int kLook = 20;  // commits between two comparisons
  constexpr int64_t kRows = 300;
  constexpr int64_t kKeys = 6000;
  Pair pair(Seed(), kKeys);
  FakeLedger model;
  const Target target = OpenTarget();
  const Target in_model = model.OpenTarget(target.key).value();
  for (int i = 1; i <= kCommits; ++i) {
    CommitBatch batch = pair.AnyBatch(target.id, i, kRows);
    Commit(batch);
    batch.target_id = in_model.id;
    ASSERT_TRUE(model.Commit(batch).ok());
    if (i % kLook != 0) continue;
    Compare(ledger(), model, target, in_model, kKeys);
    if (!store().durable()) continue;
    Reopen();  // what was in memory is read back
    Compare(ledger(), model, target, in_model, kKeys);
  }
  EXPECT_EQ(Scan(target, 500).size(), static_cast<size_t>(Get(target.id).rows));
}

}  // namespace drift::testing
