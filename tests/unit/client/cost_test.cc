#include <google/protobuf/util/time_util.h>

#include "client/usage_export.h"
#include "tests/unit/client/client_test_base.h"

namespace drift::client {
namespace {

using google::protobuf::util::TimeUtil;
using testing::HasSubstr;

class CostTest : public ClientTest {
 protected:
  CostTest() {
    daemon_.costs.Summarize_.Set(Parse<v1::SummarizeCostsResponse>(R"(
      rows { key: "local/wordllama-256" runs: 2 requests: 20 texts: 2457 tokens: 190000 }
      rows { key: "openai/text-embedding-3-small" runs: 3 requests: 12 texts: 1500
             tokens: 1200000 cost_usd: 0.024 tokens_estimated: true })"));
    daemon_.costs.Budgets_.Set(v1::ListBudgetsResponse());
  }
};

TEST_F(CostTest, Table) {
  const Outcome outcome = Run({"cost"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            "MODEL                          RUNS  REQUESTS  TEXTS      TOKENS   COST\n"
            "local/wordllama-256               2        20  2,457     190,000  $0.00\n"
            "openai/text-embedding-3-small     3        12  1,500  ~1,200,000  $0.02\n"
            "total                                      32  3,957  ~1,390,000  $0.02\n");
  EXPECT_EQ(outcome.err, "~ some of it is an estimate\n");
}

TEST_F(CostTest, FlagsBecomeTheRequest) {
  Run({"cost", "--by", "day", "--since", "2026-11-01", "--until", "2026-11-20T12:00:00Z",
       "--pipeline", "docs", "--provider", "openai"});
  const v1::SummarizeCostsRequest request = daemon_.costs.Summarize_.requests().at(0);
  EXPECT_EQ(request.by(), v1::SummarizeCostsRequest::DAY);
  EXPECT_EQ(TimeUtil::ToString(request.since()), "2026-11-01T00:00:00Z");
  EXPECT_EQ(TimeUtil::ToString(request.until()), "2026-11-20T12:00:00Z");
  EXPECT_EQ(request.pipeline(), "docs");
  EXPECT_EQ(request.provider(), "openai");
  const Outcome wrong = Run({"cost", "--since", "soon"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.err,
            "error: --since soon: write a day (2026-11-20), a time (2026-11-20T09:00:00Z) or how "
            "long ago (24h, 7d)\n");
}

TEST_F(CostTest, Csv) {
  const Outcome outcome = Run({"cost", "-o", "csv"});
  EXPECT_THAT(outcome.out,
              HasSubstr("key,runs,texts,tokens,cost_usd,requests,tokens_estimated,"
                        "tokens_by_provider,tokens_by_tokenizer,tokens_by_estimate\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("openai/text-embedding-3-small,3,1500,1200000,0.024,12,true,0,0,0\n"));
  EXPECT_TRUE(daemon_.costs.Budgets_.requests().empty());
}

TEST_F(CostTest, Budgets) {
  daemon_.costs.Budgets_.Set(Parse<v1::ListBudgetsResponse>(R"(
    budgets { scope: "pipeline/docs" period: DAY limit_usd: 5 spent_usd: 1.5 open_usd: 0.32
              state: WITHIN }
    budgets { scope: "provider/openai" period: MONTH limit_usd: 50 spent_usd: 41 soft_share: 0.8
              state: ALERTING }
    budgets { scope: "pipeline/x" period: DAY limit_usd: 1 spent_usd: 1 state: EXHAUSTED
              period_end { seconds: 1795219200 } })"));
  const std::string out = Run({"cost"}).out;
  EXPECT_THAT(out, HasSubstr("budget of pipeline/docs: $1.82 of $5.00 this day\n"));
  EXPECT_THAT(out,
              HasSubstr("budget of provider/openai: $41.00 of $50.00 this month; beyond 80 %\n"));
  EXPECT_THAT(out, HasSubstr("budget of pipeline/x: $1.00 of $1.00 this day; used up until "
                             "2026-11-21 00:00:00Z\n"));
}

const char kExport[] = R"({"object": "page", "data": [
  {"object": "bucket", "start_time": 1795132800, "end_time": 1795219200, "results": [
    {"input_tokens": 1200, "num_model_requests": 3}, {"input_tokens": 300, "num_model_requests": 1}]},
  {"object": "bucket", "start_time": 1795219200, "end_time": 1795305600, "results": []}],
  "has_more": false, "next_page": null})";

TEST_F(CostTest, ReconcilesWithAnExport) {
  daemon_.costs.Summarize_.Set(
      Parse<v1::SummarizeCostsResponse>("rows { key: \"2026-11-20\" requests: 4 tokens: 1490 }"));
  input_ = kExport;
  const Outcome outcome = Run({"cost", "reconcile", "--file", "-"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(
      outcome.out,
      "DAY         LEDGER TOKENS  PROVIDER TOKENS  DIFFERENCE  LEDGER REQUESTS  PROVIDER "
      "REQUESTS\n"
      "2026-11-20          1,490            1,500         +10                4                 "
      " 4\n"
      "2026-11-21              0                0           0                0                 "
      " 0\n"
      "total               1,490            1,500         +10\n");
  const v1::SummarizeCostsRequest request = daemon_.costs.Summarize_.requests().at(0);
  EXPECT_EQ(request.provider(), "openai");
  EXPECT_EQ(TimeUtil::ToString(request.since()), "2026-11-20T00:00:00Z");
  EXPECT_EQ(TimeUtil::ToString(request.until()), "2026-11-22T00:00:00Z");
  EXPECT_THAT(Run({"cost", "reconcile", "--file", "-", "-o", "json"}).out,
              HasSubstr("\"tokens_difference\": \"10\""));
}

TEST_F(CostTest, ExportsThatAreNone) {
  for (const auto& [text, why] : std::map<std::string, std::string>{
           {"no json", "it is not JSON"},
           {"{}", "there is no list 'data' of buckets"},
           {"[]", "it holds no buckets"},
           {R"({"data": [{"start_time": 1}]})", "a bucket lacks start_time, end_time or results"},
           {R"({"data": [{"start_time": 1, "end_time": 2, "results": [{}]}]})",
            "a result lacks input_tokens"}}) {
    input_ = text;
    const Outcome outcome = Run({"cost", "reconcile", "--file", "-"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err, "error: -: no usage export as OpenAI's API gives it: " + why + "\n");
  }
}

}  // namespace
}  // namespace drift::client
