// Pipelines, targets and their revisions.
#include "tests/conformance/ledger_suite.h"

namespace drift::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

PipelineSpec FullSpec(const std::string& name) {
  PipelineSpec spec;
  spec.name = name;
  spec.table = "s3://lake/docs \"quoted\" é";
  spec.storage = {{"region", "eu-west-1"}, {"secret_access_key", "env:S3_KEY"}};
  spec.key = {"id", "lang"};
  spec.text = "{title}\n\n{body}";
  spec.where_not_null = {"body"};
  spec.payload = {"category", "updated_at"};
  spec.store_text = true;
  spec.chunking = {ChunkingSpec::Type::kTokens, 400, 40};
  spec.model = "openai/text-embedding-3-small";
  spec.dimensions = 1536;
  spec.shadow = true;
  spec.sink = "qdrant://q:6334/docs?api_key=env:QDRANT";
  spec.dedup = false;
  spec.since_version = 7;
  spec.every_secs = 30;
  spec.limits = {1 << 20, 64, 5};
  return spec;
}

}  // namespace

TEST_P(LedgerSuite, HasAnIdAndAnswersPing) {
  EXPECT_THAT(ledger().id(), SizeIs(26));
  EXPECT_TRUE(ledger().Ping().ok());
}

TEST_P(LedgerSuite, PipelineComesBackAsItWasSaved) {
  PipelineRecord record;
  record.spec = FullSpec("a/b \"c\" é");
  record.origin = PipelineOrigin::kFlags;
  record.pause = {"HISTORY_GONE", "the feed was vacuumed", "run embed", At(5)};
  record.created_at = At(1);
  ASSERT_TRUE(ledger().SavePipeline(record).ok());
  const auto loaded = ledger().LoadPipelines();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  ASSERT_THAT(*loaded, SizeIs(1));
  const PipelineRecord& back = loaded->front();
  EXPECT_EQ(back.spec, record.spec);
  EXPECT_EQ(back.origin, record.origin);
  EXPECT_EQ(back.pause.reason, record.pause.reason);
  EXPECT_EQ(back.pause.message, record.pause.message);
  EXPECT_EQ(back.pause.remedy, record.pause.remedy);
  EXPECT_EQ(back.pause.since, record.pause.since);
  EXPECT_EQ(back.created_at, record.created_at);
}

TEST_P(LedgerSuite, SavingAgainReplacesThePipeline) {
  PipelineRecord record;
  record.spec.name = kPipeline;
  record.pause.reason = "PAUSED_BY_USER";
  ASSERT_TRUE(ledger().SavePipeline(record).ok());
  record.pause = {};
  record.spec.text_columns = {"body"};
  ASSERT_TRUE(ledger().SavePipeline(record).ok());
  const auto loaded = ledger().LoadPipelines();
  ASSERT_TRUE(loaded.ok());
  ASSERT_THAT(*loaded, SizeIs(1));
  EXPECT_EQ(loaded->front().pause.reason, "");
  EXPECT_THAT(loaded->front().spec.text_columns, ElementsAre("body"));
}

TEST_P(LedgerSuite, DeletedPipelineIsNotListedAndItsTargetStays) {
  PipelineRecord record;
  record.spec.name = kPipeline;
  const Target target = OpenTarget();
  ASSERT_TRUE(ledger().BeginRevision(target.id, 4, record.spec, true).ok());
  ASSERT_TRUE(ledger().SavePipeline(record).ok());
  record.deleted = true;
  ASSERT_TRUE(ledger().SavePipeline(record).ok());
  EXPECT_THAT(ledger().LoadPipelines().value(), IsEmpty());
  EXPECT_EQ(OpenTarget().revision, 4);
}

TEST_P(LedgerSuite, TargetIsMadeOnceAndStartsWithNothing) {
  const Target made = OpenTarget();
  EXPECT_GT(made.id, 0);
  EXPECT_EQ(made.key.pipeline, kPipeline);
  EXPECT_EQ(made.key.model, kModel);
  EXPECT_EQ(made.key.fingerprint, kFingerprint);
  EXPECT_EQ(made.key.dimensions, kDimensions);
  EXPECT_EQ(made.revision, 0);
  EXPECT_FALSE(made.cursor.has_value());
  EXPECT_EQ(made.version, -1);
  EXPECT_EQ(made.rows, 0);
  EXPECT_EQ(OpenTarget().id, made.id);
  EXPECT_NE(OpenTarget("other").id, made.id);
  EXPECT_NE(OpenTarget(kPipeline, "qdrant://q:6334/docs").id, made.id);
  EXPECT_NE(OpenTarget(kPipeline, made.key.sink, "weights of another day").id, made.id);
}

TEST_P(LedgerSuite, FindTargetMakesNothing) {
  const TargetKey key{kPipeline, kModel, kFingerprint, kDimensions, "sqlite:///i.db"};
  EXPECT_EQ(ledger().FindTarget(key).value(), std::nullopt);
  const Target target = OpenTarget(kPipeline, key.sink);
  EXPECT_EQ(ledger().FindTarget(key).value()->id, target.id);
  TargetKey any = key;
  any.fingerprint.clear();
  EXPECT_EQ(ledger().FindTarget(any).value()->id, target.id);
  TargetKey other = key;
  other.dimensions = 9;
  EXPECT_EQ(ledger().FindTarget(other).value(), std::nullopt);
}

TEST_P(LedgerSuite, TargetsOfListsThoseOfOnePipeline) {
  const Target one = OpenTarget();
  OpenTarget("other");
  const Target two = OpenTarget(kPipeline, "pg://h/db?table=docs");
  const auto targets = ledger().TargetsOf(kPipeline);
  ASSERT_TRUE(targets.ok());
  ASSERT_THAT(*targets, SizeIs(2));
  EXPECT_EQ((*targets)[0].id, one.id);
  EXPECT_EQ((*targets)[1].id, two.id);
  EXPECT_THAT(ledger().TargetsOf("nobody").value(), IsEmpty());
}

TEST_P(LedgerSuite, UnknownTargetIsNotFoundEverywhere) {
  constexpr int64_t kNone = 4711;
  const auto is_not_found = [](const Status& status) {
    EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
    EXPECT_THAT(std::string(Message(status)), HasSubstr("target 4711"));
  };
  is_not_found(ledger().GetTarget(kNone).status());
  is_not_found(ledger().BeginRevision(kNone, 1, {}, true));
  is_not_found(ledger().SetMaintenance(kNone, true, true));
  is_not_found(ledger().MoveTarget(kNone, "sqlite:///i.db"));
  is_not_found(ledger().ClearTarget(kNone));
  is_not_found(ledger().LoadRows(kNone, {}).status());
  is_not_found(ledger().ScanRows(kNone, "", 1).status());
  is_not_found(ledger().Stage(kNone, {}).status());
  is_not_found(ledger().LoadStages(kNone).status());
  CommitBatch batch;
  batch.target_id = kNone;
  is_not_found(ledger().Commit(batch));
}

TEST_P(LedgerSuite, RevisionKeepsRowsAndDropsTheCursorWhenAsked) {
  const Target target = OpenTarget();
  CommitBatch batch = Batch(target);
  batch.upserts = {Row(Key(1), {"one"})};
  batch.cursor = Cursor{std::string("opaque\0bytes", 12)};
  batch.version = 12;
  Commit(batch);
  PipelineSpec spec = FullSpec(kPipeline);
  ASSERT_TRUE(ledger().BeginRevision(target.id, 2, spec, /*drop_cursor=*/false).ok());
  Target now = Get(target.id);
  EXPECT_EQ(now.revision, 2);
  EXPECT_EQ(now.config, spec);
  EXPECT_EQ(now.config_hash, ContentConfigHash(spec));
  EXPECT_EQ(now.cursor, batch.cursor);
  EXPECT_EQ(now.version, 12);
  ASSERT_TRUE(ledger().BeginRevision(target.id, 3, spec, /*drop_cursor=*/true).ok());
  now = Get(target.id);
  EXPECT_EQ(now.revision, 3);
  EXPECT_FALSE(now.cursor.has_value());
  EXPECT_EQ(now.version, -1);
  EXPECT_EQ(now.rows, 1);
  EXPECT_THAT(Load(target, {Key(1)}), SizeIs(1));
}

TEST_P(LedgerSuite, MaintenanceIsRemembered) {
  const Target target = OpenTarget();
  ASSERT_TRUE(ledger().SetMaintenance(target.id, true, false).ok());
  EXPECT_TRUE(Get(target.id).sweep_due);
  EXPECT_FALSE(Get(target.id).index_due);
  ASSERT_TRUE(ledger().SetMaintenance(target.id, false, true).ok());
  EXPECT_FALSE(Get(target.id).sweep_due);
  EXPECT_TRUE(Get(target.id).index_due);
}

TEST_P(LedgerSuite, ATargetMovesToAnotherAddressButNotOverOneThatIsThere) {
  const std::string before = "qdrant://q:6334/docs";
  const std::string after = before + "?timeout_secs=5";
  const Target target = OpenTarget(kPipeline, before);
  ASSERT_TRUE(ledger().MoveTarget(target.id, after).ok());
  EXPECT_EQ(Get(target.id).key.sink, after);
  EXPECT_EQ(OpenTarget(kPipeline, after).id, target.id);
  const Target other = OpenTarget(kPipeline, before);
  EXPECT_NE(other.id, target.id);
  const Status taken = ledger().MoveTarget(other.id, after);
  EXPECT_EQ(taken.code(), StatusCode::kAlreadyExists) << taken;
  EXPECT_EQ(Get(other.id).key.sink, before);
  EXPECT_TRUE(ledger().MoveTarget(target.id, after).ok()) << "where it is already";
}

TEST_P(LedgerSuite, ClearedTargetKnowsNoRowsAndKeepsDeletionsAndMoney) {
  const Target target = OpenTarget();
  const Target other = OpenTarget("other");
  MakeRun("01RUN");
  CommitRows(target, {Row(Key(1), {"one"}), Row(Key(2), {"two", "two and a half"})});
  CommitRows(other, {Row(Key(1), {"one"})});
  DeleteRow(target, Key(2), 5, 2);
  CommitBatch batch = Batch(target, "01RUN");
  batch.upserts = {DeadRow(Key(3))};
  batch.dead_letters = {Letter(Key(3))};
  RequestRecord request;
  request.pipeline = kPipeline;
  request.state = RequestState::kDone;
  request.tokens = 5;
  request.started_at = At(1);
  batch.free_requests = {request};
  batch.cursor = Cursor{"c"};
  Commit(batch);
  ASSERT_TRUE(ledger().Stage(target.id, std::vector<StagedKey>{{Key(9), 1, {1, 1}}}).ok());
  const std::vector<Ledger::AdoptedPoint> adopted = {{Uuid{}, Text("adopted")}};
  ASSERT_TRUE(ledger().Adopt(target.id, adopted).ok());

  const Status cleared = ledger().ClearTarget(target.id);
  ASSERT_TRUE(cleared.ok()) << cleared;
  const Target now = Get(target.id);
  EXPECT_EQ(now.rows, 0);
  EXPECT_EQ(now.points, 0);
  EXPECT_EQ(now.dead_letters, 0);
  EXPECT_FALSE(now.cursor.has_value());
  EXPECT_THAT(Load(target, {Key(1), Key(2), Key(3)}), IsEmpty());
  EXPECT_THAT(Scan(target, 10), IsEmpty());
  EXPECT_THAT(ledger().LoadStages(target.id).value(), IsEmpty());
  EXPECT_THAT(ledger().ListDeadLetters({}).value(), IsEmpty());
  // The text lives on in the other target, and nowhere else.
  EXPECT_THAT(Find({Text("one"), Text("two"), Text("adopted")}), SizeIs(1));
  EXPECT_EQ(Find({Text("one")})[0].target_id, other.id);
  EXPECT_THAT(Provenance({.pipeline = kPipeline, .keys = {Key(2)}}), SizeIs(2));
  EXPECT_EQ(ledger().SumCosts({}).value().at(0).tokens, 5);
  // And it can be filled again.
  CommitRows(target, {Row(Key(1), {"one"}), Row(Key(2), {"two"})});
  EXPECT_THAT(Load(target, {Key(1), Key(2)}), SizeIs(2));
  EXPECT_EQ(Find({Text("one")}, target.id)[0].target_id, target.id);
}

}  // namespace drift::testing
