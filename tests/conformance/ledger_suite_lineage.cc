// Where every point came from, and where it went.
#include "core/key.h"
#include "tests/conformance/ledger_suite.h"

namespace drift::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

}  // namespace

TEST_P(LedgerSuite, LivePointTellsWhereItCameFrom) {
  const Target target = OpenTarget();
  MakeRun("01RUN");
  PipelineSpec spec;
  spec.name = kPipeline;
  spec.table = "s3://lake/docs";
  ASSERT_TRUE(ledger().BeginRevision(target.id, 2, spec, true).ok());
  CommitBatch batch = Batch(target, "01RUN");
  batch.upserts = {Row(Key(1), {"first", "second"}, 7, 2)};
  Commit(batch);
  const auto records = Provenance({.pipeline = kPipeline, .keys = {Key(1)}});
  ASSERT_THAT(records, SizeIs(2));
  for (int32_t chunk = 0; chunk < 2; ++chunk) {
    const ProvenanceRecord& record = records[static_cast<size_t>(chunk)];
    EXPECT_EQ(record.point_id, PointId(kPipeline, Key(1), chunk));
    EXPECT_EQ(record.pipeline, kPipeline);
    EXPECT_EQ(record.source, "s3://lake/docs");
    EXPECT_EQ(record.key, Key(1));
    EXPECT_EQ(record.chunk, chunk);
    EXPECT_EQ(record.chunks, 2);
    EXPECT_EQ(record.table_version, 7);
    EXPECT_EQ(record.revision, 2);
    EXPECT_EQ(record.run_id, "01RUN");
    EXPECT_EQ(record.model, kModel);
    EXPECT_EQ(record.dimensions, kDimensions);
    EXPECT_EQ(record.text, batch.upserts[0].chunks[static_cast<size_t>(chunk)]);
    EXPECT_EQ(record.written_at, batch.now);
    EXPECT_FALSE(record.deleted);
  }
}

TEST_P(LedgerSuite, PointIsFoundByItsIdAlone) {
  const Target target = OpenTarget();
  OpenTarget("other");
  CommitRows(target, {Row(Key(1), {"a", "b", "c"}), Row(Key(2), {"d"})});
  for (int32_t chunk = 0; chunk < 3; ++chunk) {
    const auto records = Provenance({.point_id = PointId(kPipeline, Key(1), chunk)});
    ASSERT_THAT(records, SizeIs(1));
    EXPECT_EQ(records[0].chunk, chunk);
    EXPECT_EQ(records[0].key, Key(1));
  }
  EXPECT_THAT(Provenance({.point_id = PointId(kPipeline, Key(1), 3)}), IsEmpty());
  EXPECT_THAT(Provenance({.point_id = PointId("other", Key(1), 0)}), IsEmpty());
  EXPECT_THAT(Provenance({.pipeline = "other", .point_id = PointId(kPipeline, Key(1), 0)}),
              IsEmpty());
}

TEST_P(LedgerSuite, PointsThatARowHasNoMoreAreRemembered) {
  const Target target = OpenTarget();
  CommitRows(target, {Row(Key(1), {"a", "b", "c"}, 1)});
  CommitRows(target, {Row(Key(1), {"a"}, 2)});
  for (const int32_t chunk : {1, 2}) {
    const auto records = Provenance({.point_id = PointId(kPipeline, Key(1), chunk)});
    ASSERT_THAT(records, SizeIs(1));
    EXPECT_TRUE(records[0].deleted);
    EXPECT_EQ(records[0].chunk, chunk);
    EXPECT_EQ(records[0].table_version, 1);
    EXPECT_EQ(records[0].deleted_version, 2);
    EXPECT_EQ(records[0].points_removed, 2);
    EXPECT_NE(records[0].text, ChunkState());
  }
  EXPECT_THAT(Provenance({.point_id = PointId(kPipeline, Key(1), 0)}), SizeIs(1));
  const auto records = Provenance({.pipeline = kPipeline, .keys = {Key(1)}});
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_FALSE(records[0].deleted);
  EXPECT_THAT(Provenance({.pipeline = kPipeline}), SizeIs(3));
}

TEST_P(LedgerSuite, ARowThatLosesItsTextIsRememberedUntilItComesBackAndAfter) {
  const Target target = OpenTarget();
  CommitRows(target, {Row(Key(1), {"a", "b"}, 1), Row(Key(2), {"c"}, 1)});
  CommitRows(target, {Row(Key(1), {}, 2), DeadRow(Key(2), 2)});
  for (const int64_t key : {1, 2}) {
    const auto records = Provenance({.pipeline = kPipeline, .keys = {Key(key)}});
    ASSERT_THAT(records, SizeIs(key == 1 ? 2 : 1));
    EXPECT_TRUE(records[0].deleted);
    EXPECT_EQ(records[0].deleted_version, 2);
  }
  CommitRows(target, {Row(Key(1), {"d"}, 3)});
  auto records = Provenance({.pipeline = kPipeline, .keys = {Key(1)}});
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_FALSE(records[0].deleted);
  // Deleted as a row without points, there is nothing more to tell.
  DeleteRow(target, Key(2), 4, 0);
  records = Provenance({.pipeline = kPipeline, .keys = {Key(2)}});
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].deleted_version, 2);
}

TEST_P(LedgerSuite, DeletedRowTellsWhenAndByWhom) {
  const Target target = OpenTarget();
  MakeRun("01WRITE");
  MakeRun("01DELETE");
  CommitBatch write = Batch(target, "01WRITE");
  write.upserts = {Row(Key(1), {"a", "b"}, 3)};
  Commit(write);
  CommitBatch gone = Batch(target, "01DELETE");
  gone.deletions = {{Key(1), {1, 9}, 2}};
  Commit(gone);
  auto records = Provenance({.pipeline = kPipeline, .keys = {Key(1)}});
  ASSERT_THAT(records, SizeIs(2));
  const ProvenanceRecord record = records[1];
  EXPECT_TRUE(record.deleted);
  EXPECT_EQ(record.chunk, 1);
  EXPECT_EQ(record.chunks, 2);
  EXPECT_EQ(record.table_version, 3);
  EXPECT_EQ(record.run_id, "01WRITE");
  EXPECT_EQ(record.written_at, write.now);
  EXPECT_EQ(record.text, write.upserts[0].chunks[1]);
  EXPECT_EQ(record.deleted_version, 9);
  EXPECT_EQ(record.deleted_run_id, "01DELETE");
  EXPECT_EQ(record.deleted_at, gone.now);
  EXPECT_EQ(record.points_removed, 2);
  records = Provenance({.point_id = PointId(kPipeline, Key(1), 1)});
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_TRUE(records[0].deleted);
}

TEST_P(LedgerSuite, ReturnedRowIsLiveAndItsDeletionsAreRemembered) {
  const Target target = OpenTarget();
  CommitRows(target, {Row(Key(1), {"a"}, 1)});
  DeleteRow(target, Key(1), 2);
  CommitRows(target, {Row(Key(1), {"b"}, 3)});
  DeleteRow(target, Key(1), 4);
  CommitRows(target, {Row(Key(1), {"c"}, 5)});
  for (const ProvenanceFilter& filter :
       {ProvenanceFilter{.pipeline = kPipeline, .keys = {Key(1)}},
        ProvenanceFilter{.point_id = PointId(kPipeline, Key(1), 0)},
        ProvenanceFilter{.pipeline = kPipeline}}) {
    const auto records = Provenance(filter);
    ASSERT_THAT(records, SizeIs(3));
    EXPECT_FALSE(records[0].deleted);
    EXPECT_EQ(records[0].table_version, 5);
    EXPECT_EQ(records[1].deleted_version, 4);  // newest first
    EXPECT_EQ(records[1].table_version, 3);
    EXPECT_EQ(records[2].deleted_version, 2);
  }
}

TEST_P(LedgerSuite, PointsWithoutARowStateLeaveATraceToo) {
  const Target target = OpenTarget();
  DeleteRow(target, Key(1), 4, /*points=*/2);  // written before a crash, never committed
  const auto records = Provenance({.pipeline = kPipeline, .keys = {Key(1)}});
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_TRUE(records[0].deleted);
  EXPECT_EQ(records[0].deleted_version, 4);
  EXPECT_EQ(records[0].run_id, "");
  EXPECT_EQ(records[0].text, ChunkState());
  EXPECT_THAT(Provenance({.point_id = PointId(kPipeline, Key(1), 1)}), SizeIs(1));
}

TEST_P(LedgerSuite, RowsWithoutPointsHaveNoProvenance) {
  const Target target = OpenTarget();
  CommitRows(target, {Row(Key(1), {}), DeadRow(Key(2))});
  EXPECT_THAT(Provenance({.pipeline = kPipeline, .keys = {Key(1), Key(2)}}), IsEmpty());
  EXPECT_THAT(Provenance({.pipeline = kPipeline}), IsEmpty());
}

TEST_P(LedgerSuite, ProvenanceOfAPipelineComesInPagesLiveOnesFirst) {
  const Target one = OpenTarget();
  const Target two = OpenTarget(kPipeline, "pg://h/db?table=t");
  CommitRows(OpenTarget("other"), {Row(Key(1), {"elsewhere"})});
  std::vector<RowState> rows;
  for (int i = 0; i < 9; ++i) {
    const std::vector<std::string> texts = {"a", "b", "c"};
    rows.push_back(Row(Key(i), {texts.begin(), texts.begin() + i % 4}));
  }
  CommitRows(one, rows);
  CommitRows(two, rows);
  for (const int i : {1, 2, 3}) DeleteRow(one, Key(i), 2, i);
  DeleteRow(two, Key(3), 2, 3);
  const size_t per_target = 0 + 1 + 2 + 3 + 0 + 1 + 2 + 3 + 0;
  for (const int32_t limit : {1, 2, 5, 100}) {
    ProvenanceFilter filter{.pipeline = kPipeline, .limit = limit};
    std::vector<ProvenanceRecord> all;
    for (int pages = 0; pages < 100; ++pages) {
      const auto page = ledger().FindProvenance(filter);
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_LE(page->records.size(), static_cast<size_t>(limit));
      all.insert(all.end(), page->records.begin(), page->records.end());
      filter.page_token = page->next_page_token;
      if (filter.page_token.empty()) break;
      EXPECT_THAT(page->records, SizeIs(static_cast<size_t>(limit)));
    }
    ASSERT_THAT(all, SizeIs(2 * per_target));
    std::set<std::tuple<std::string, int32_t, bool, int64_t, int32_t>> distinct;
    bool deleted = false;
    for (const ProvenanceRecord& record : all) {
      EXPECT_TRUE(record.deleted || !deleted) << "a live one after a deleted one";
      deleted = record.deleted;
      distinct.emplace(record.key, record.chunk, record.deleted, record.deleted_version, 0);
    }
    EXPECT_THAT(distinct, SizeIs(per_target + 1 + 2 + 3 - 3));
  }
}

TEST_P(LedgerSuite, ProvenanceByKeyComesInPages) {
  const Target target = OpenTarget();
  CommitRows(target, {Row(Key(1), {"a", "b", "c"}), Row(Key(2), {"d", "e"})});
  ProvenanceFilter filter{.pipeline = kPipeline, .keys = {Key(1), Key(2)}, .limit = 2};
  std::vector<size_t> sizes;
  do {
    const auto page = ledger().FindProvenance(filter);
    ASSERT_TRUE(page.ok()) << page.status();
    sizes.push_back(page->records.size());
    filter.page_token = page->next_page_token;
  } while (!filter.page_token.empty());
  EXPECT_THAT(sizes, ElementsAre(2, 2, 1));
}

TEST_P(LedgerSuite, ForeignPageTokenIsRefused) {
  OpenTarget();
  for (const std::string token : {"x", "1.2", "2.0.0.0", "0.0.0.0.0", "0.-1.0.0"}) {
    const Status status =
        ledger().FindProvenance({.pipeline = kPipeline, .page_token = token}).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << token;
    EXPECT_THAT(std::string(Message(status)), HasSubstr("page_token"));
  }
}

// -- dead letters

TEST_P(LedgerSuite, DeadLetterComesBackAsItWasOpened) {
  const Target target = OpenTarget();
  DeadLetter letter = Letter(Key(1), 5, 2);
  letter.message = std::string("the provider said \xc3\x28 and \0", 26);
  CommitBatch batch = Batch(target);
  batch.upserts = {DeadRow(Key(1))};
  batch.dead_letters = {letter};
  Commit(batch);
  const auto letters = ledger().ListDeadLetters({});
  ASSERT_TRUE(letters.ok()) << letters.status();
  ASSERT_THAT(*letters, SizeIs(1));
  const DeadLetter& back = letters->at(0);
  EXPECT_GT(back.id, 0);
  EXPECT_EQ(back.pipeline, kPipeline);
  EXPECT_EQ(back.key, Key(1));
  EXPECT_EQ(back.chunk, 2);
  EXPECT_EQ(back.reason, "TEXT_TOO_LONG");
  EXPECT_THAT(back.message, ::testing::StartsWith("the provider said "));
  EXPECT_EQ(back.text_sha256, letter.text_sha256);
  EXPECT_EQ(back.version, 3);
  EXPECT_EQ(back.attempts, 1);
  EXPECT_EQ(back.first_at, At(5));
  EXPECT_EQ(back.last_at, At(5));
  EXPECT_EQ(Get(target.id).dead_letters, 1);
}

TEST_P(LedgerSuite, LetterSeenAgainCountsUp) {
  const Target target = OpenTarget();
  CommitBatch batch = Batch(target);
  batch.dead_letters = {Letter(Key(1), 1), Letter(Key(1), 1, /*chunk=*/1)};
  Commit(batch);
  batch = Batch(target);
  DeadLetter again = Letter(Key(1), 9);
  again.reason = "REJECTED_BY_PROVIDER";
  again.version = 8;
  again.text_sha256 = Text("other");
  batch.dead_letters = {again};
  Commit(batch);
  const auto letters = ledger().ListDeadLetters({}).value();
  ASSERT_THAT(letters, SizeIs(2));
  EXPECT_EQ(letters[0].attempts, 2);
  EXPECT_EQ(letters[0].reason, "REJECTED_BY_PROVIDER");
  EXPECT_EQ(letters[0].version, 8);
  EXPECT_EQ(letters[0].text_sha256, Text("other"));
  EXPECT_EQ(letters[0].first_at, At(1));
  EXPECT_EQ(letters[0].last_at, At(9));
  EXPECT_EQ(letters[1].attempts, 1);
  EXPECT_EQ(Get(target.id).dead_letters, 2);
}

TEST_P(LedgerSuite, RowsWithoutAKeyAreToldApartByTheirText) {
  const Target target = OpenTarget();
  DeadLetter one = Letter("[null,\"eu\"]", 1);
  DeadLetter two = one;
  one.text_sha256 = Text("one");
  two.text_sha256 = Text("two");
  for (int i = 0; i < 2; ++i) {
    CommitBatch batch = Batch(target);
    batch.dead_letters = {one, two};
    Commit(batch);
  }
  const auto letters = ledger().ListDeadLetters({}).value();
  ASSERT_THAT(letters, SizeIs(2));
  EXPECT_EQ(letters[0].attempts, 2);
  EXPECT_EQ(letters[1].attempts, 2);
  // A string "null" is a key like any other.
  CommitBatch batch = Batch(target);
  one.key = two.key = "[\"null\",\"a\\\"null\"]";
  batch.dead_letters = {one, two};
  Commit(batch);
  EXPECT_THAT(ledger().ListDeadLetters({}).value(), SizeIs(3));
}

TEST_P(LedgerSuite, SettledLettersAreGoneAndTheRowIsNotDead) {
  const Target target = OpenTarget();
  CommitBatch batch = Batch(target);
  batch.upserts = {DeadRow(Key(1)), DeadRow(Key(2)), DeadRow(Key(3)), DeadRow(Key(4))};
  batch.dead_letters = {Letter(Key(1)), Letter(Key(2)), Letter(Key(3)), Letter(Key(4))};
  Commit(batch);
  batch = Batch(target);
  batch.upserts = {Row(Key(1), {"embedded now"}, 2)};
  batch.closed_letters = {Key(1), Key(2), "[nobody]"};
  batch.deletions = {{Key(3), {1, 2}, 0}};
  Commit(batch);
  const auto letters = ledger().ListDeadLetters({}).value();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].key, Key(4));
  EXPECT_EQ(Get(target.id).dead_letters, 1);
  const auto rows = Load(target, {Key(1), Key(2), Key(3), Key(4)});
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_FALSE(rows[0].dead);
  EXPECT_FALSE(rows[1].dead);
  EXPECT_TRUE(rows[2].dead);
}

// A letter must not be forgotten because an older one of the row is settled in the same batch.
TEST_P(LedgerSuite, LetterThatIsClosedAndOpenedInOneBatchIsOpen) {
  const Target target = OpenTarget();
  CommitBatch batch = Batch(target);
  batch.dead_letters = {Letter(Key(1), 1)};
  Commit(batch);
  batch = Batch(target);
  batch.upserts = {DeadRow(Key(1), 2)};
  batch.closed_letters = {Key(1)};
  batch.dead_letters = {Letter(Key(1), 2)};
  Commit(batch);
  EXPECT_THAT(ledger().ListDeadLetters({}).value(), SizeIs(1));
  EXPECT_EQ(Get(target.id).dead_letters, 1);
  EXPECT_TRUE(Load(target, {Key(1)})[0].dead);
}

TEST_P(LedgerSuite, LettersAreFilteredAndPaged) {
  const Target target = OpenTarget();
  const Target other = OpenTarget("other");
  CommitBatch batch = Batch(target);
  for (int i = 0; i < 700; ++i) batch.dead_letters.push_back(Letter(Key(i)));
  batch.dead_letters[3].reason = "NULL_KEY";
  Commit(batch);
  batch = Batch(other);
  batch.dead_letters = {Letter(Key(1))};
  batch.dead_letters[0].pipeline = "other";
  Commit(batch);
  const auto list = [&](const DeadLetterFilter& filter) {
    const auto letters = ledger().ListDeadLetters(filter);
    EXPECT_TRUE(letters.ok()) << letters.status();
    return letters.value_or(std::vector<DeadLetter>());
  };
  EXPECT_THAT(list({}), SizeIs(100));
  EXPECT_THAT(list({.pipeline = "other"}), SizeIs(1));
  EXPECT_THAT(list({.reason = "NULL_KEY"}), SizeIs(1));
  EXPECT_THAT(list({.keys = {Key(1), Key(5), "[nobody]"}}), SizeIs(3));
  EXPECT_THAT(list({.pipeline = kPipeline, .keys = {Key(1), Key(5)}}), SizeIs(2));
  std::vector<int64_t> ids;
  std::vector<std::string> keys;
  DeadLetterFilter page{.pipeline = kPipeline, .limit = 64};
  for (;;) {
    const auto letters = list(page);
    for (const DeadLetter& letter : letters) {
      ids.push_back(letter.id);
      keys.push_back(letter.key);
    }
    if (letters.size() < 64) break;
    page.after_id = letters.back().id;
  }
  EXPECT_THAT(ids, SizeIs(700));
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  // Longer lists than one statement takes.
  EXPECT_THAT(list({.ids = ids, .limit = 1000}), SizeIs(700));
  EXPECT_THAT(list({.keys = keys, .ids = ids, .limit = 1000}), SizeIs(700));
  EXPECT_THAT(list({.ids = ids, .limit = 10, .after_id = ids[5]}), SizeIs(10));
  // Discarding takes all that match, however many a page holds.
  EXPECT_EQ(ledger().DiscardDeadLetters({.ids = ids}).value(), 700);
  EXPECT_EQ(Get(target.id).dead_letters, 0);
  EXPECT_EQ(Get(other.id).dead_letters, 1);
}

TEST_P(LedgerSuite, DiscardedRowIsKnownAndNotDead) {
  const Target target = OpenTarget();
  CommitBatch batch = Batch(target);
  batch.upserts = {DeadRow(Key(1)), DeadRow(Key(2))};
  batch.dead_letters = {Letter(Key(1)), Letter(Key(1), 0, 1), Letter(Key(2))};
  Commit(batch);
  auto letters = ledger().ListDeadLetters({.keys = {Key(1)}}).value();
  ASSERT_THAT(letters, SizeIs(2));
  EXPECT_EQ(ledger().DiscardDeadLetters({.ids = {letters[0].id}}).value(), 1);
  EXPECT_TRUE(Load(target, {Key(1)})[0].dead) << "one letter is left";
  EXPECT_EQ(ledger().DiscardDeadLetters({.keys = {Key(1)}}).value(), 1);
  const auto rows = Load(target, {Key(1), Key(2)});
  EXPECT_FALSE(rows[0].dead);
  EXPECT_EQ(rows[0].content, DeadRow(Key(1)).content);  // not paid for again
  EXPECT_TRUE(rows[1].dead);
  EXPECT_EQ(Get(target.id).dead_letters, 1);
  EXPECT_EQ(ledger().DiscardDeadLetters({.reason = "NO_SUCH"}).value(), 0);
}

}  // namespace drift::testing
