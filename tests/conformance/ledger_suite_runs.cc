// Runs and money.
#include "tests/conformance/ledger_suite.h"

namespace drift::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

RunRecord FullRun() {
  RunRecord run;
  run.id = "01ABC";
  run.request_id = "req-1";
  run.pipeline = "docs";
  run.mode = RunMode::kReplay;
  run.state = RunState::kQueued;
  run.source = "s3://lake/docs";
  run.sink = "qdrant://q:6334/docs";
  run.model = "shadow/8";
  run.scheduled = true;
  run.attempts = 2;
  run.selection = R"({"reason":"é"})";
  run.from_version = 3;
  run.to_version = 4;
  int64_t n = 100;
  RunCounters& counters = run.counters;
  for (int64_t* counter :
       {&counters.rows_read, &counters.rows_inserted, &counters.rows_updated,
        &counters.rows_deleted, &counters.rows_unchanged, &counters.texts_embedded,
        &counters.texts_reused, &counters.points_written, &counters.points_deleted,
        &counters.dead_letters, &counters.provider_requests, &counters.tokens, &counters.cost}) {
    *counter = n++;
  }
  counters.tokens_estimated = true;
  run.queued_at = WallTime(std::chrono::microseconds(1'763'700'000'123'456));
  return run;
}

void ExpectSame(const RunRecord& a, const RunRecord& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.request_id, b.request_id);
  EXPECT_EQ(a.pipeline, b.pipeline);
  EXPECT_EQ(a.mode, b.mode);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.sink, b.sink);
  EXPECT_EQ(a.model, b.model);
  EXPECT_EQ(a.scheduled, b.scheduled);
  EXPECT_EQ(a.attempts, b.attempts);
  EXPECT_EQ(a.selection, b.selection);
  EXPECT_EQ(a.from_version, b.from_version);
  EXPECT_EQ(a.to_version, b.to_version);
  EXPECT_EQ(a.counters.rows_read, b.counters.rows_read);
  EXPECT_EQ(a.counters.rows_inserted, b.counters.rows_inserted);
  EXPECT_EQ(a.counters.rows_updated, b.counters.rows_updated);
  EXPECT_EQ(a.counters.rows_deleted, b.counters.rows_deleted);
  EXPECT_EQ(a.counters.rows_unchanged, b.counters.rows_unchanged);
  EXPECT_EQ(a.counters.texts_embedded, b.counters.texts_embedded);
  EXPECT_EQ(a.counters.texts_reused, b.counters.texts_reused);
  EXPECT_EQ(a.counters.points_written, b.counters.points_written);
  EXPECT_EQ(a.counters.points_deleted, b.counters.points_deleted);
  EXPECT_EQ(a.counters.dead_letters, b.counters.dead_letters);
  EXPECT_EQ(a.counters.provider_requests, b.counters.provider_requests);
  EXPECT_EQ(a.counters.tokens, b.counters.tokens);
  EXPECT_EQ(a.counters.tokens_estimated, b.counters.tokens_estimated);
  EXPECT_EQ(a.counters.cost, b.counters.cost);
  EXPECT_EQ(a.queued_at, b.queued_at);
  EXPECT_EQ(a.started_at, b.started_at);
  EXPECT_EQ(a.ended_at, b.ended_at);
  EXPECT_EQ(a.error, b.error);
  EXPECT_EQ(a.error_reason, b.error_reason);
}

std::vector<std::string> Ids(const StatusOr<std::vector<RunRecord>>& runs) {
  EXPECT_TRUE(runs.ok()) << runs.status();
  std::vector<std::string> ids;
  if (runs.ok()) {
    for (const RunRecord& run : *runs) ids.push_back(run.id);
  }
  return ids;
}

RequestRecord Intent(const std::string& pipeline, const std::string& provider, int64_t tokens,
                     WallTime at, const std::string& run_id = "") {
  RequestRecord intent;
  intent.run_id = run_id;
  intent.pipeline = pipeline;
  intent.provider = provider;
  intent.model = provider + "/m";
  intent.texts = 10;
  intent.tokens = tokens;
  intent.cost = tokens * 20;
  intent.started_at = at;
  return intent;
}

}  // namespace

TEST_P(LedgerSuite, RunComesBackAsItWasCreated) {
  const RunRecord run = FullRun();
  const auto made = ledger().CreateRun(run);
  ASSERT_TRUE(made.ok()) << made.status();
  ExpectSame(*made, run);
  ExpectSame(ledger().GetRun(run.id).value(), run);
  EXPECT_EQ(ledger().GetRun("01NO").status().code(), StatusCode::kNotFound);
}

TEST_P(LedgerSuite, SameRequestGivesTheSameRun) {
  RunRecord run = FullRun();
  ASSERT_TRUE(ledger().CreateRun(run).ok());
  RunRecord again = FullRun();
  again.id = "01XYZ";
  again.pipeline = "other";
  EXPECT_EQ(ledger().CreateRun(again)->id, run.id);
  EXPECT_EQ(ledger().GetRun("01XYZ").status().code(), StatusCode::kNotFound);
  // Without a request id each is its own, but for a call that came twice.
  again.request_id.clear();
  EXPECT_EQ(ledger().CreateRun(again)->id, "01XYZ");
  EXPECT_EQ(ledger().CreateRun(again)->id, "01XYZ");
  again.id = "01XYZ2";
  EXPECT_EQ(ledger().CreateRun(again)->id, "01XYZ2");
  EXPECT_THAT(Ids(ledger().ListRuns({})), ElementsAre("01XYZ2", "01XYZ", "01ABC"));
}

TEST_P(LedgerSuite, UpdateStoresHowARunWent) {
  RunRecord run = FullRun();
  ASSERT_TRUE(ledger().CreateRun(run).ok());
  run.state = RunState::kFailed;
  run.attempts = 3;
  run.from_version = 7;
  run.to_version = 9;
  run.counters.rows_read = 1;
  run.counters.tokens_estimated = false;
  run.started_at = At(1);
  run.ended_at = At(2);
  run.error = "writing points: no \"server\"";
  run.error_reason = "INDEX_LOST";
  ASSERT_TRUE(ledger().UpdateRun(run).ok());
  ExpectSame(ledger().GetRun(run.id).value(), run);
  run.id = "01NO";
  EXPECT_EQ(ledger().UpdateRun(run).code(), StatusCode::kNotFound);
}

TEST_P(LedgerSuite, ErrorOfARunMayBeAnyBytes) {
  RunRecord run = FullRun();
  ASSERT_TRUE(ledger().CreateRun(run).ok());
  run.error = std::string("server said \xff\xfe and \0 then", 25);
  const Status updated = ledger().UpdateRun(run);
  ASSERT_TRUE(updated.ok()) << updated;
  EXPECT_THAT(ledger().GetRun(run.id)->error, ::testing::StartsWith("server said "));
}

TEST_P(LedgerSuite, RunsAreListedNewestFirstAndByPage) {
  for (int i = 0; i < 7; ++i) MakeRun(fmt::format("01R{}", i), i % 2 == 0 ? "even" : "odd");
  EXPECT_THAT(Ids(ledger().ListRuns({.limit = 3})), ElementsAre("01R6", "01R5", "01R4"));
  EXPECT_THAT(Ids(ledger().ListRuns({.limit = 3, .before_id = "01R4"})),
              ElementsAre("01R3", "01R2", "01R1"));
  EXPECT_THAT(Ids(ledger().ListRuns({.pipeline = "odd"})), ElementsAre("01R5", "01R3", "01R1"));
  EXPECT_THAT(Ids(ledger().ListRuns({.pipeline = "odd", .before_id = "01R3"})),
              ElementsAre("01R1"));
  EXPECT_EQ(ledger().ListRuns({.before_id = "01NO"}).status().code(), StatusCode::kNotFound);
  RunRecord run = ledger().GetRun("01R2").value();
  run.state = RunState::kRunning;
  ASSERT_TRUE(ledger().UpdateRun(run).ok());
  run = ledger().GetRun("01R5").value();
  run.state = RunState::kSucceeded;
  ASSERT_TRUE(ledger().UpdateRun(run).ok());
  EXPECT_THAT(Ids(ledger().ListRuns({.states = {RunState::kRunning, RunState::kSucceeded}})),
              ElementsAre("01R5", "01R2"));
}

TEST_P(LedgerSuite, OpenAndUnknownRequestsCountAtTheirEstimate) {
  const int64_t open = ledger().OpenRequest(Intent("docs", "openai", 100, At(0))).value();
  auto costs = ledger().SumCosts({});
  ASSERT_TRUE(costs.ok()) << costs.status();
  ASSERT_THAT(*costs, SizeIs(1));
  EXPECT_EQ(costs->at(0).key, "openai/m");
  EXPECT_EQ(costs->at(0).tokens, 100);
  EXPECT_EQ(costs->at(0).cost, 2000);
  EXPECT_EQ(costs->at(0).texts, 10);
  EXPECT_EQ(costs->at(0).requests, 1);
  EXPECT_TRUE(costs->at(0).tokens_estimated);
  // Whatever the outcome says of tokens: nobody knows.
  RequestOutcome unknown;
  unknown.id = open;
  unknown.state = RequestState::kUnknown;
  unknown.ended_at = At(1);
  ASSERT_TRUE(ledger().CloseRequest(unknown).ok());
  EXPECT_EQ(ledger().SumCosts({})->at(0).cost, 2000);
  EXPECT_EQ(ledger().SettleOpenRequests(At(2)).value(), 0);
}

TEST_P(LedgerSuite, OutcomeReplacesTheEstimate) {
  const int64_t id = ledger().OpenRequest(Intent("docs", "openai", 100, At(0))).value();
  const RequestOutcome done{id, RequestState::kDone, 90, false, 1800, At(1)};
  ASSERT_TRUE(ledger().CloseRequest(done).ok());
  ASSERT_TRUE(ledger().CloseRequest(done).ok());  // comes twice
  const CostRow row = ledger().SumCosts({})->at(0);
  EXPECT_EQ(row.tokens, 90);
  EXPECT_EQ(row.cost, 1800);
  EXPECT_FALSE(row.tokens_estimated);
  EXPECT_EQ(ledger().CloseRequest({4711, RequestState::kDone, 0, false, 0, At(1)}).code(),
            StatusCode::kNotFound);
}

TEST_P(LedgerSuite, TokensSayWhereTheyComeFrom) {
  const auto close = [&](int64_t tokens, RequestState state, TokenSource source) {
    const int64_t id = ledger().OpenRequest(Intent("docs", "openai", 1000, At(0))).value();
    ASSERT_TRUE(ledger()
                    .CloseRequest({.id = id,
                                   .state = state,
                                   .tokens = tokens,
                                   .ended_at = At(1),
                                   .token_source = source})
                    .ok());
  };
  close(1, RequestState::kDone, TokenSource::kProvider);
  close(20, RequestState::kDone, TokenSource::kProvider);
  close(300, RequestState::kDone, TokenSource::kTokenizer);
  close(4000, RequestState::kDone, TokenSource::kEstimate);
  close(50'000, RequestState::kFailed, TokenSource::kProvider);
  // An intent without an outcome is an estimate, whatever it was counted with.
  close(0, RequestState::kUnknown, TokenSource::kTokenizer);
  ASSERT_TRUE(ledger().OpenRequest(Intent("docs", "openai", 1000, At(0))).ok());
  const CostRow row = ledger().SumCosts({})->at(0);
  EXPECT_EQ(row.tokens_by_provider, 21);
  EXPECT_EQ(row.tokens_by_tokenizer, 300);
  EXPECT_EQ(row.tokens_by_estimate, 6000);
  EXPECT_EQ(row.tokens, 6321);
}

TEST_P(LedgerSuite, LatestBillsAreThoseThatTeach) {
  const auto bill = [&](const std::string& provider, int64_t guessed, int64_t billed) {
    const int64_t id = ledger().OpenRequest(Intent("docs", provider, 1000, At(0))).value();
    ASSERT_TRUE(ledger()
                    .CloseRequest({.id = id,
                                   .tokens = billed,
                                   .ended_at = At(1),
                                   .token_source = TokenSource::kProvider,
                                   .guessed_tokens = guessed})
                    .ok());
  };
  EXPECT_THAT(ledger().LatestBills("voyage/m", 10).value(), IsEmpty());
  for (int64_t i = 1; i <= 5; ++i) bill("voyage", 100 * i, 130 * i);
  bill("voyage", 0, 77);
  bill("gemini", 100, 50);
  ASSERT_TRUE(ledger().OpenRequest(Intent("docs", "voyage", 1000, At(0))).ok());
  EXPECT_THAT(ledger().LatestBills("voyage/m", 3).value(),
              ElementsAre(BilledGuess{300, 390}, BilledGuess{400, 520}, BilledGuess{500, 650}));
  EXPECT_THAT(ledger().LatestBills("gemini/m", 3).value(), ElementsAre(BilledGuess{100, 50}));
}

TEST_P(LedgerSuite, RefusedRequestCostsNothing) {
  const int64_t id = ledger().OpenRequest(Intent("docs", "openai", 100, At(0))).value();
  ASSERT_TRUE(ledger().CloseRequest({id, RequestState::kFailed, 0, false, 0, At(1)}).ok());
  const CostRow row = ledger().SumCosts({})->at(0);
  EXPECT_EQ(row.requests, 1);
  EXPECT_EQ(row.texts, 0);
  EXPECT_EQ(row.tokens, 0);
  EXPECT_EQ(row.cost, 0);
}

TEST_P(LedgerSuite, RequestsLeftOpenAreSettledAsUnknown) {
  const int64_t done = ledger().OpenRequest(Intent("docs", "openai", 1, At(0))).value();
  ASSERT_TRUE(ledger().CloseRequest({done, RequestState::kDone, 1, false, 20, At(0)}).ok());
  ASSERT_TRUE(ledger().OpenRequest(Intent("docs", "openai", 10, At(0))).ok());
  ASSERT_TRUE(ledger().OpenRequest(Intent("docs", "openai", 100, At(0))).ok());
  EXPECT_EQ(ledger().SettleOpenRequests(At(9)).value(), 2);
  EXPECT_EQ(ledger().SettleOpenRequests(At(9)).value(), 0);
  const CostRow row = ledger().SumCosts({})->at(0);
  EXPECT_EQ(row.tokens, 111);
  EXPECT_TRUE(row.tokens_estimated);
}

TEST_P(LedgerSuite, CostsAreGroupedAndFiltered) {
  MakeRun("01RUN-A");
  MakeRun("01RUN-B");
  constexpr int64_t kDay = 86'400;
  const WallTime midnight(std::chrono::days(20'000));  // 2024-10-04
  const auto at = [&](int64_t seconds) { return midnight + std::chrono::seconds(seconds); };
  const std::vector<RequestRecord> intents = {
      Intent("docs", "openai", 1, at(-1), "01RUN-A"),
      Intent("docs", "openai", 10, at(0), "01RUN-A"),
      Intent("docs", "voyage", 100, at(kDay - 1), "01RUN-B"),
      Intent("tickets", "openai", 1000, at(kDay), "01RUN-B"),
      Intent("tickets", "openai", 10000, at(kDay))};
  for (const RequestRecord& intent : intents) {
    const auto id = ledger().OpenRequest(intent);
    ASSERT_TRUE(id.ok()) << id.status();
  }
  const auto sums = [&](CostFilter filter) {
    const auto rows = ledger().SumCosts(filter);
    EXPECT_TRUE(rows.ok()) << rows.status();
    std::vector<std::string> out;
    for (const CostRow& row : rows.value_or(std::vector<CostRow>())) {
      out.push_back(fmt::format("{}: {} in {} runs", row.key, row.tokens, row.runs));
    }
    return out;
  };
  EXPECT_THAT(sums({.by = CostGroup::kModel}),
              ElementsAre("openai/m: 11011 in 2 runs", "voyage/m: 100 in 1 runs"));
  EXPECT_THAT(sums({.by = CostGroup::kProvider}),
              ElementsAre("openai: 11011 in 2 runs", "voyage: 100 in 1 runs"));
  EXPECT_THAT(sums({.by = CostGroup::kPipeline}),
              ElementsAre("docs: 111 in 2 runs", "tickets: 11000 in 1 runs"));
  EXPECT_THAT(sums({.by = CostGroup::kDay}),
              ElementsAre("2024-10-03: 1 in 1 runs", "2024-10-04: 110 in 2 runs",
                          "2024-10-05: 11000 in 1 runs"));
  EXPECT_THAT(sums({.by = CostGroup::kRun}),
              ElementsAre(": 10000 in 0 runs", "01RUN-A: 11 in 1 runs", "01RUN-B: 1100 in 1 runs"));
  EXPECT_THAT(sums({.by = CostGroup::kDay, .since = at(0), .until = at(kDay)}),
              ElementsAre("2024-10-04: 110 in 2 runs"));
  EXPECT_THAT(sums({.by = CostGroup::kModel, .pipeline = "docs"}),
              ElementsAre("openai/m: 11 in 1 runs", "voyage/m: 100 in 1 runs"));
  EXPECT_THAT(sums({.by = CostGroup::kPipeline, .provider = "voyage"}),
              ElementsAre("docs: 100 in 1 runs"));
  EXPECT_THAT(sums({.by = CostGroup::kDay, .limit = 1}), ElementsAre("2024-10-03: 1 in 1 runs"));
  EXPECT_THAT(sums({.by = CostGroup::kDay, .limit = 1, .after_key = "2024-10-03"}),
              ElementsAre("2024-10-04: 110 in 2 runs"));
  EXPECT_THAT(sums({.by = CostGroup::kModel, .after_key = "openai/m"}),
              ElementsAre("voyage/m: 100 in 1 runs"));
  EXPECT_THAT(sums({.by = CostGroup::kModel, .after_key = "voyage/m"}), IsEmpty());
}

}  // namespace drift::testing
