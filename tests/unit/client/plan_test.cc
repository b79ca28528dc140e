#include "tests/unit/client/client_test_base.h"

namespace drift::client {
namespace {

using testing::HasSubstr;

class PlanTest : public ClientTest {};

const char kPlan[] = R"(
  rows: 2431 rows_to_embed: 2419 rows_to_reuse: 12 tokens: 187204 from_version: -1 to_version: 0
  source: "/data/support_articles" sink: "sqlite:///tmp/demo/index.db?collection=articles"
  model: "local/wordllama-256" dimensions: 256 seconds: 1.2 price_known: true)";

TEST_F(PlanTest, ShowsFigures) {
  daemon_.pipelines.Plan_.Set(Parse<v1::Plan>(kPlan));
  const Outcome outcome =
      Run({"plan", "--table", "./support_articles", "--text-col", "title,body"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(
      outcome.out,
      "support_articles @ version 0 → sqlite index.db/articles (new), local/wordllama-256, 256 "
      "dimensions\n"
      "  rows to embed        2,419      tokens         187,204 (exact)\n"
      "  rows to reuse           12      cost             $0.00\n"
      "  rows unchanged           0      time, about      1.2 s\n"
      "  rows to delete           0\n");
  const v1::PlanRequest request = daemon_.pipelines.Plan_.requests().at(0);
  EXPECT_EQ(request.mode(), v1::Run::EMBED);
  EXPECT_EQ(request.selector().flags().table(), "/home/ann/data/support_articles");
}

TEST_F(PlanTest, SaysWhatIsNotCertain) {
  auto plan = Parse<v1::Plan>(kPlan);
  plan.set_tokens_estimated(true);
  plan.set_price_known(false);
  plan.set_rows_without_text(3);
  plan.set_rows_dead(2);
  plan.set_from_version(4);
  plan.set_to_version(9);
  plan.set_collection_exists(true);
  plan.add_notes("the text changed: every row is embedded again");
  daemon_.pipelines.Plan_.Set(plan);
  const std::string out = Run({"plan", "--pipeline", "docs", "--watch"}).out;
  EXPECT_THAT(out, HasSubstr("support_articles @ version 9 (from 4) → sqlite index.db/articles, "));
  EXPECT_THAT(out, HasSubstr("187,204 (estimated)\n"));
  EXPECT_THAT(out, HasSubstr("cost        unknown: no price\n"));
  EXPECT_THAT(out, HasSubstr("  without text             3\n"));
  EXPECT_THAT(out, HasSubstr("  not embeddable           2\n"));
  EXPECT_THAT(out, HasSubstr("  the text changed: every row is embedded again\n"));
  EXPECT_EQ(daemon_.pipelines.Plan_.requests().at(0).mode(), v1::Run::WATCH);
}

TEST_F(PlanTest, Json) {
  daemon_.pipelines.Plan_.Set(Parse<v1::Plan>(kPlan));
  const std::string out = Run({"plan", "--pipeline", "docs", "-o", "json"}).out;
  for (const char* part :
       {"\"rows\": \"2431\"", "\"rows_to_embed\": \"2419\"", "\"rows_unchanged\": \"0\"",
        "\"tokens_estimated\": false", "\"cost_usd\": 0", "\"from_version\": \"-1\"",
        "\"to_version\": \"0\""}) {
    EXPECT_THAT(out, HasSubstr(part));
  }
}

}  // namespace
}  // namespace drift::client
