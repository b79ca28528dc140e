// Rows and texts whose places are the same, and keys that are long: found for real, not made up.
#include "core/key.h"
#include "tests/fakes/fake_clock.h"
#include "tests/unit/ledger/pg_ledger_test_base.h"

namespace drift::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// The first 44 bits of their point ids are equal.
constexpr char kOne[] = "[2988207]";
constexpr char kTwin[] = "[5647122]";
// And of the digests of these texts.
constexpr char kText[] = "text 962837";
constexpr char kTwinText[] = "text 7913281";

class PgPlacesTest : public ::testing::Test {
 protected:
  void Commit(const CommitBatch& batch) {
    const Status status = ledger_->Commit(batch);
    EXPECT_TRUE(status.ok()) << status;
  }
  void Delete(const std::string& key) {
    CommitBatch batch = BatchOf(target_, {}, ++second_);
    batch.deletions.push_back({key, {1, 2}, 1});
    Commit(batch);
  }
  std::vector<std::string> Load(const std::vector<std::string>& keys) {
    std::vector<std::string> found;
    const auto rows = ledger_->LoadRows(target_.id, keys).value();
    for (const RowState& row : rows) found.push_back(row.key);
    return found;
  }
  std::vector<std::string> Provenance(const ProvenanceFilter& filter) {
    std::vector<std::string> found;
    const ProvenancePage page = ledger_->FindProvenance(filter).value();
    for (const ProvenanceRecord& record : page.records) {
      found.push_back(record.key + (record.deleted ? " deleted" : ""));
    }
    return found;
  }

  const std::string uri_ = testing::FreshDatabase();
  const std::unique_ptr<Ledger> ledger_ = MustOpen(uri_);
  const Target target_ = OpenTargetOf(*ledger_);
  int64_t second_ = 10;
};

TEST_F(PgPlacesTest, RowsOfOnePlaceAreTwoRows) {
  ASSERT_EQ(RowPlace(target_.id, kPipeline, kOne), RowPlace(target_.id, kPipeline, kTwin));
  Commit(BatchOf(target_, {RowOf(kOne, {"a"})}, 1));
  EXPECT_THAT(Load({kTwin}), IsEmpty());
  Commit(BatchOf(target_, {RowOf(kTwin, {"b", "c"})}, 2));
  EXPECT_EQ(ledger_->GetTarget(target_.id)->rows, 2);
  EXPECT_THAT(Load({kOne, kTwin}), UnorderedElementsAre(kOne, kTwin));
  EXPECT_THAT(Provenance({.pipeline = kPipeline, .keys = {kOne}}), ElementsAre(kOne));
  EXPECT_THAT(Provenance({.point_id = PointId(kPipeline, kTwin, 0)}), ElementsAre(kTwin));
  EXPECT_THAT(Provenance({.point_id = PointId(kPipeline, kTwin, 1)}), ElementsAre(kTwin));
  // One changes, the other stays.
  Commit(BatchOf(target_, {RowOf(kOne, {"x"})}, 3));
  EXPECT_EQ(ledger_->LoadRows(target_.id, std::vector<std::string>{kTwin})->at(0).chunks,
            RowOf(kTwin, {"b", "c"}).chunks);
  Delete(kOne);
  EXPECT_THAT(Load({kOne, kTwin}), ElementsAre(kTwin));
  EXPECT_THAT(Provenance({.point_id = PointId(kPipeline, kOne, 0)}),
              ElementsAre(std::string(kOne) + " deleted"));
}

TEST_F(PgPlacesTest, PagesLoseNoRowOfAPlaceThatTwoShare) {
  std::vector<RowState> rows = {RowOf(kOne, {"a", "b"}), RowOf(kTwin, {"c"})};
  for (int i = 0; i < 20; ++i) rows.push_back(RowOf(fmt::format("[{}]", i), {"t"}));
  Commit(BatchOf(target_, rows, 1));
  for (const int32_t limit : {1, 2, 3, 10, 100}) {
    ProvenanceFilter filter{.pipeline = kPipeline, .limit = limit};
    std::set<std::pair<std::string, int32_t>> found;
    size_t records = 0;
    for (int pages = 0; pages < 100; ++pages) {
      const auto page = ledger_->FindProvenance(filter);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const ProvenanceRecord& record : page->records) {
        found.emplace(record.key, record.chunk);
        ++records;
      }
      filter.page_token = page->next_page_token;
      if (filter.page_token.empty()) break;
    }
    EXPECT_EQ(records, 23u) << "limit " << limit;
    EXPECT_THAT(found, SizeIs(23)) << "limit " << limit;
  }
}

TEST_F(PgPlacesTest, TextsOfOnePlaceAreTwoTexts) {
  const auto find = [&](const char* text) {
    const std::vector<Sha256Digest> texts = {Sha256(text)};
    return ledger_->FindTexts("shadow-8", 8, texts, target_.id).value();
  };
  const TextSpace space("shadow-8", 8);
  ASSERT_EQ(space.Place(Sha256(kText), 1), space.Place(Sha256(kTwinText), 1));
  Commit(BatchOf(target_, {RowOf("[1]", {kText})}, 1));
  EXPECT_THAT(find(kTwinText), IsEmpty());
  Commit(BatchOf(target_, {RowOf("[2]", {kTwinText}), RowOf("[3]", {"a", kTwinText})}, 2));
  EXPECT_EQ(find(kText).at(0).point_id, PointId(kPipeline, "[1]", 0));
  EXPECT_EQ(find(kTwinText).at(0).point_id, PointId(kPipeline, "[2]", 0));
  Delete("[2]");
  EXPECT_EQ(find(kTwinText).at(0).point_id, PointId(kPipeline, "[3]", 1));
}

// A B-tree of PostgreSQL takes entries of 2.7 kB.
TEST_F(PgPlacesTest, KeysMayBeLongerThanAnIndexEntry) {
  const auto long_key = [](char last) {
    std::string key = "[\"";
    uint64_t state = 1;
    for (int i = 0; i < 2000; ++i) key += fmt::format("{:016x}", SplitMix64(state));
    return key + last + "\"]";
  };
  const std::string one = long_key('1');
  const std::string two = long_key('2');
  CommitBatch batch = BatchOf(target_, {RowOf(one, {"a"}), RowOf(two, {"b"})}, 1);
  for (const std::string& key : {one, two}) {
    batch.dead_letters.push_back({.pipeline = kPipeline, .key = key});
  }
  ASSERT_TRUE(ledger_->Stage(target_.id, std::vector<StagedKey>{{one, 1, {1, 1}}}).ok());
  Commit(batch);
  EXPECT_THAT(Load({one, two}), UnorderedElementsAre(one, two));
  EXPECT_THAT(ledger_->ListDeadLetters({.keys = {one}}).value(), SizeIs(1));
  Delete(one);
  EXPECT_THAT(Load({one, two}), ElementsAre(two));
  const auto letters = ledger_->ListDeadLetters({}).value();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].key, two);
  EXPECT_THAT(Provenance({.pipeline = kPipeline, .keys = {one}}), SizeIs(1));
}

TEST_F(PgPlacesTest, ClearedTargetLeavesItsNeighboursAlone) {
  const Target other =
      ledger_->OpenTarget({kPipeline, "shadow/8", "shadow-8", 8, "sqlite:///other.db"}).value();
  for (const Target& target : {target_, other}) {
    Commit(BatchOf(target, {RowOf("[1]", {"a", "b"}), RowOf("[2]", {"c"})}, target.id));
  }
  ASSERT_TRUE(ledger_->ClearTarget(target_.id).ok());
  EXPECT_THAT(ledger_->ScanRows(target_.id, "", 10).value(), IsEmpty());
  EXPECT_THAT(ledger_->ScanRows(other.id, "", 10).value(), SizeIs(2));
  const std::vector<Sha256Digest> texts = {Sha256("a"), Sha256("b"), Sha256("c")};
  const auto found = ledger_->FindTexts("shadow-8", 8, texts, target_.id).value();
  ASSERT_THAT(found, SizeIs(3));
  for (const TextMatch& match : found) EXPECT_EQ(match.target_id, other.id);
}

// A scan's cursor makes the server keep old rows: one that is not asked to go on is given up.
TEST_F(PgPlacesTest, ScanLeftAloneIsClosed) {
  testing::FakeClock clock;
  const std::string uri = testing::FreshDatabase();
  const auto opened =
      PgLedger::Open(PgOptionsFromUri(ParseUri(uri).value()).value(), clock, Rng::Real());
  ASSERT_TRUE(opened.ok()) << opened.status();
  PgLedger& ledger = **opened;
  const Target target = OpenTargetOf(ledger);
  ASSERT_TRUE(ledger.Commit(BatchOf(target, {RowOf("[1]", {"a"}), RowOf("[2]", {"b"})})).ok());
  const auto admin = Connect(uri);
  const auto waiting = [&] {
    const auto count = admin->Execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state = 'idle in transaction'",
        {});
    EXPECT_TRUE(count.ok()) << count.status();
    return count.ok() ? count->Int(0, 0) : -1;
  };
  ASSERT_THAT(ledger.ScanRows(target.id, "", 1).value(), SizeIs(1));
  ASSERT_TRUE(ledger.Ping().ok());
  EXPECT_EQ(waiting(), 1);
  clock.Advance(std::chrono::minutes(1));
  ASSERT_TRUE(ledger.Ping().ok());
  while (waiting() > 0) {
  }
  EXPECT_EQ(ledger.ScanRows(target.id, "[1]", 5).value().at(0).key, "[2]");
}

}  // namespace
}  // namespace drift::ledger
