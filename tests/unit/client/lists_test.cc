// Runs, models, dead letters, searches: what is listed, paged and printed.
#include <sstream>

#include "client/text_width.h"
#include "tests/unit/client/client_test_base.h"

namespace drift::client {
namespace {

using testing::HasSubstr;

class ListsTest : public ClientTest {
 protected:
  // A daemon that gives `total` runs, two to a page.
  void HasRuns(int total) {
    daemon_.runs.List_.Set(
        [total](const v1::ListRunsRequest& request, v1::ListRunsResponse& response) {
          const int from = request.page_token().empty() ? 0 : std::stoi(request.page_token());
          int at = from;
          for (; at < total && at < from + std::min(2, request.page_size()); ++at) {
            v1::Run& run = *response.add_runs();
            run.set_id("01J" + std::to_string(at));
            run.set_pipeline("docs");
            run.set_mode(v1::Run::WATCH);
            run.set_state(v1::Run::SUCCEEDED);
          }
          if (at < total) response.set_next_page_token(std::to_string(at));
          return grpc::Status();
        });
  }

  static size_t Lines(const std::string& text) {
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  }
};

TEST_F(ListsTest, RunsOfAllPages) {
  HasRuns(5);
  const Outcome outcome = Run({"run", "list", "--pipeline", "docs"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(Lines(outcome.out), 6u);
  EXPECT_THAT(outcome.out, HasSubstr("01J4  WATCH  SUCCEEDED"));
  EXPECT_EQ(daemon_.runs.List_.requests().size(), 3u);
  EXPECT_EQ(daemon_.runs.List_.requests().at(0).pipeline(), "docs");
}

TEST_F(ListsTest, NotMoreThanAskedFor) {
  HasRuns(50);
  EXPECT_EQ(Lines(Run({"run", "list", "--limit", "3"}).out), 4u);
  EXPECT_EQ(daemon_.runs.List_.requests().size(), 2u);
  const std::string json = Run({"run", "list", "--limit", "3", "-o", "json"}).out;
  EXPECT_THAT(json, HasSubstr("\"id\": \"01J2\""));
  EXPECT_THAT(json, HasSubstr("\"next_page_token\": \"3\""));
  EXPECT_THAT(Run({"run", "list", "--limit", "3", "-o", "csv"}).out,
              testing::StartsWith("id,pipeline,mode,state,source,sink,model,from_version,"));
}

TEST_F(ListsTest, ADaemonThatRepeatsAPageIsNotAskedForEver) {
  daemon_.runs.List_.Set(Parse<v1::ListRunsResponse>("next_page_token: \"again\""));
  EXPECT_EQ(Run({"run", "list"}).code, 0);
  EXPECT_EQ(daemon_.runs.List_.requests().size(), 1u);
}

TEST_F(ListsTest, NoRuns) {
  HasRuns(0);
  const Outcome outcome = Run({"run", "list"});
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "no runs yet\n");
}

TEST_F(ListsTest, OneRun) {
  daemon_.runs.Get_.Set(Parse<v1::Run>(R"(
    id: "01J" pipeline: "docs" mode: EMBED state: FAILED source: "/data/docs"
    sink: "qdrant://db:6334/docs" model: "openai/m" from_version: -1 to_version: 3
    rows_read: 10 rows_inserted: 9 rows_unchanged: 1 texts_embedded: 9 points_written: 9
    dead_letters: 1 provider_requests: 2 tokens: 900 tokens_estimated: true cost_usd: 0.000018
    queue_time { seconds: 1795166042 } start_time { seconds: 1795166043 }
    end_time { seconds: 1795166045 } error: "the disk is full" attempts: 2)"));
  EXPECT_EQ(Run({"run", "get", "01J"}).out,
            "01J  EMBED FAILED\n"
            "  pipeline    docs\n"
            "  source      /data/docs, version - → 3\n"
            "  sink        qdrant://db:6334/docs\n"
            "  model       openai/m\n"
            "  rows        10 read: 9 inserted, 0 updated, 0 deleted, 1 unchanged\n"
            "  texts       9 embedded, 0 reused, 1 dead letter\n"
            "  points      9 written, 0 deleted\n"
            "  provider    2 requests, 900 (estimated) tokens\n"
            "  cost        $0.000018\n"
            "  queued      2026-11-20 09:14:02Z\n"
            "  started     2026-11-20 09:14:03Z\n"
            "  ended       2026-11-20 09:14:05Z, after 2.0 s\n"
            "  attempts    2\n"
            "  error       the disk is full\n");
}

TEST_F(ListsTest, CancelARun) {
  daemon_.runs.Cancel_.Set(Parse<v1::Run>("id: \"01J\" state: RUNNING"));
  EXPECT_EQ(Run({"run", "cancel", "01J"}).out, "run 01J is being cancelled\n");
  daemon_.runs.Cancel_.Set(Parse<v1::Run>("id: \"01J\" state: SUCCEEDED end_time { seconds: 1 }"));
  EXPECT_EQ(Run({"run", "cancel", "01J"}).out, "run 01J had ended: SUCCEEDED\n");
}

TEST_F(ListsTest, Models) {
  daemon_.models.List_.Set(Parse<v1::ListModelsResponse>(R"(
    models { model: "local/wordllama-256" dimensions: 256 tokens_exact: true price_known: true
             local: true }
    models { model: "openai/text-embedding-3-small" dimensions: 1536 dimensions_max: 1536
             max_text_tokens: 8192 max_request_items: 2048 tokens_exact: true price_known: true
             usd_per_million_tokens: 0.02 price_since: "2024-01-25"
             unavailable: "set OPENAI_API_KEY" }
    models { model: "voyage/voyage-4" dimensions: 1024 other_dimensions: 256
             other_dimensions: 512 })"));
  const Outcome outcome = Run({"models", "list", "--provider", "openai"});
  EXPECT_EQ(
      outcome.out,
      "MODEL                          DIMENSIONS       TEXT TOKENS  TEXTS/REQUEST  COUNTED    "
      "USD/M "
      "TOKENS  SINCE\n"
      "local/wordllama-256            256                        -              -  exactly         "
      "   "
      "free\n"
      "openai/text-embedding-3-small  1536 (1-1536)          8,192          2,048  exactly         "
      "  "
      "$0.02  2024-01-25\n"
      "voyage/voyage-4                1024 (256, 512)            -              -  estimated       "
      "unknown\n");
  EXPECT_EQ(outcome.err, "openai/text-embedding-3-small: set OPENAI_API_KEY\n");
  EXPECT_EQ(daemon_.models.List_.requests().at(0).provider(), "openai");
}

TEST_F(ListsTest, WhatModelsLackIsSaidOnce) {
  daemon_.models.List_.Set(Parse<v1::ListModelsResponse>(R"(
    models { model: "a/one" unavailable: "no key" }
    models { model: "a/two" unavailable: "no key" }
    models { model: "b/one" unavailable: "not installed" }
    models { model: "a/three" unavailable: "no key" })"));
  EXPECT_EQ(Run({"models", "list"}).err, "a/one and 2 more: no key\nb/one: not installed\n");
}

TEST_F(ListsTest, Search) {
  daemon_.search.Search_.Set(Parse<v1::SearchResponse>(R"(
    payload_columns: "title" payload_columns: "category"
    hits { score: 0.714 key: "[\"KB-0193\"]" payload {
      fields { key: "category" value { string_value: "billing" } }
      fields { key: "title" value { string_value: "Refunds:\nhow \x1b[2Jlong" } } } }
    hits { score: 0.6612 key: "[\"KB-0007\"]" chunk: 2 payload {
      fields { key: "category" value { number_value: 7 } } } })"));
  const Outcome outcome = Run({"search", "--pipeline", "docs", "I want my money back", "-k", "3",
                               "--filter", "lang=en", "--filter", "a=b=c"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out,
            "  0.71  [\"KB-0193\"]     Refunds: how \xEF\xBF\xBD[2Jlong  billing\n"
            "  0.66  [\"KB-0007\"] #2                         7\n");
  const v1::SearchRequest request = daemon_.search.Search_.requests().at(0);
  EXPECT_EQ(request.text(), "I want my money back");
  EXPECT_EQ(request.k(), 3);
  EXPECT_EQ(request.filters(0).column(), "lang");
  EXPECT_EQ(request.filters(1).value(), "b=c");
  const Outcome wrong = Run({"search", "--pipeline", "docs", "x", "--filter", "lang"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.err, "error: --filter lang: write column=value\n");
}

TEST_F(ListsTest, SearchFitsTheTerminal) {
  v1::SearchResponse response;
  response.add_payload_columns("title");
  v1::SearchHit& hit = *response.add_hits();
  hit.set_key("[\"" + std::string(60, 'k') + "\"]");
  (*hit.mutable_payload()->mutable_fields())["title"].set_string_value(std::string(300, 't'));
  daemon_.search.Search_.Set(response);
  for (int width = 20; width < 120; width += 7) {
    OnTerminal(width);
    std::istringstream lines(Run({"search", "--pipeline", "docs", "x"}).out);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(DisplayWidth(line), static_cast<size_t>(width));
    }
  }
}

const char kLetter[] = R"(
  id: 7 pipeline: "docs" key: "[9]" reason: "TEXT_TOO_LONG"
  message: "9,000 tokens; the model takes 8,192" text_sha256: "ab" version: 3 attempts: 2
  first_at { seconds: 1795166043 } last_at { seconds: 1795166071 })";

TEST_F(ListsTest, DeadLetters) {
  v1::ListDeadLettersResponse response;
  *response.add_dead_letters() = Parse<v1::DeadLetter>(kLetter);
  daemon_.dead_letters.List_.Set(response);
  const Outcome outcome = Run({"dead-letters", "list", "--pipeline", "docs", "--reason",
                               "TEXT_TOO_LONG", "--key", "9", "--key", "[\"a\",1]"});
  EXPECT_THAT(outcome.out, HasSubstr(" 7  docs      [9]  TEXT_TOO_LONG        3      2"));
  const v1::DeadLetterFilter filter = daemon_.dead_letters.List_.requests().at(0).filter();
  EXPECT_EQ(filter.pipeline(), "docs");
  EXPECT_EQ(filter.reason(), "TEXT_TOO_LONG");
  EXPECT_EQ(filter.keys(1), "[\"a\",1]");
}

TEST_F(ListsTest, OneDeadLetter) {
  daemon_.dead_letters.Get_.Set(Parse<v1::DeadLetter>(kLetter));
  EXPECT_EQ(Run({"dead-letters", "get", "7"}).out,
            "7  TEXT_TOO_LONG\n"
            "  pipeline    docs\n"
            "  key         [9]  chunk 0\n"
            "  message     9,000 tokens; the model takes 8,192\n"
            "  text        sha256 ab\n"
            "  version     3\n"
            "  tried       2 times, first 2026-11-20 09:14:03Z, last 2026-11-20 09:14:31Z\n");
  EXPECT_EQ(daemon_.dead_letters.Get_.requests().at(0).id(), 7);
}

TEST_F(ListsTest, ReplayAndDiscard) {
  daemon_.dead_letters.Replay_.Set(Parse<v1::Run>(
      "id: \"01J\" pipeline: \"docs\" mode: REPLAY state: SUCCEEDED rows_read: 2 dead_letters: 1"));
  const Outcome replayed = Run({"dead-letters", "replay", "7", "8"});
  EXPECT_EQ(replayed.code, 4);
  EXPECT_THAT(replayed.out, HasSubstr("2 rows, 0 texts embedded"));
  const v1::ReplayDeadLettersRequest request = daemon_.dead_letters.Replay_.requests().at(0);
  EXPECT_EQ(request.filter().ids_size(), 2);
  EXPECT_THAT(request.request_id(), testing::StartsWith("driftctl-"));
  daemon_.dead_letters.Discard_.Set(Parse<v1::DiscardDeadLettersResponse>("discarded: 2"));
  EXPECT_EQ(Run({"dead-letters", "discard", "--pipeline", "docs"}).out,
            "2 dead letters discarded\n");
}

}  // namespace
}  // namespace drift::client
