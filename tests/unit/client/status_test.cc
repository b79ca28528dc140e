#include <google/protobuf/util/time_util.h>

#include <sstream>

#include "client/format.h"
#include "client/text_width.h"
#include "tests/unit/client/client_test_base.h"

namespace drift::client {
namespace {

using google::protobuf::util::TimeUtil;
using testing::HasSubstr;

google::protobuf::Timestamp Ago(int64_t seconds) {
  return TimeUtil::SecondsToTimestamp(TimeUtil::TimestampToSeconds(Now()) - seconds);
}

class StatusTest : public ClientTest {
 protected:
  StatusTest() {
    auto response = Parse<v1::StatusResponse>(R"(
      pipelines {
        pipeline: "support_articles-7c1f09be" state: IDLE version: 3 rows: 2435 last_run_id: "01J"
        last_run_state: SUCCEEDED
      }
      pipelines {
        pipeline: "tickets" state: PAUSED version: 118 lag_versions: 7 lag_seconds: 7300
        rows: 88120 last_run_id: "01K" last_run_state: FAILED cost_usd_today: 1.82
        reason: "HISTORY_GONE"
        message: "the change feed of versions 119–121 was removed by VACUUM."
        remedy: "Re-sync with: driftctl run embed --pipeline tickets"
      }
      pipelines { pipeline: "new" state: IDLE version: -1 lag_versions: -1 })");
    *response.mutable_pipelines(0)->mutable_last_run_time() = Ago(3 * 3600 + 60);
    *response.mutable_pipelines(1)->mutable_last_run_time() = Ago(2 * 86400 + 60);
    daemon_.pipelines.Status_.Set(response);
  }
};

TEST_F(StatusTest, ShowsEachPipelineAndWhatToDo) {
  const Outcome outcome = Run({"status"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(
      outcome.out,
      "PIPELINE                   STATE   VERSION   BEHIND    ROWS  DEAD         LAST RUN  COST "
      "TODAY\n"
      "support_articles-7c1f09be  IDLE          3        0   2,435     0      3 h ago  ok       "
      "$0.00\n"
      "tickets                    PAUSED      118  7 (2 h)  88,120     0  2 d ago  failed       "
      "$1.82\n"
      "new                        IDLE          -        ?       0     0            never       "
      "$0.00\n"
      "  tickets: the change feed of versions 119–121 was removed by VACUUM. Re-sync with: "
      "driftctl run embed --pipeline tickets\n");
}

TEST_F(StatusTest, FitsAnyTerminal) {
  for (int width = 20; width <= 140; width += 3) {
    OnTerminal(width);
    std::istringstream lines(Run({"--no-color", "status"}).out);
    for (std::string line; std::getline(lines, line);) {
      // A command or name is not broken in two.
      const bool one_word = line.find_last_of(' ') <= 1;
      EXPECT_TRUE(one_word || DisplayWidth(line) <= static_cast<size_t>(width))
          << width << ": " << line;
    }
  }
}

TEST_F(StatusTest, ColourOnlyOnATerminalThatWantsIt) {
  const auto colored = [&] { return Run({"status"}).out.find('\x1b') != std::string::npos; };
  EXPECT_FALSE(colored());
  OnTerminal(120);
  EXPECT_TRUE(colored());
  environment_["NO_COLOR"] = "1";
  EXPECT_FALSE(colored());
  environment_ = {{"TERM", "dumb"}};
  EXPECT_FALSE(colored());
  environment_.clear();
  EXPECT_EQ(Run({"status", "--no-color"}).out.find('\x1b'), std::string::npos);
}

TEST_F(StatusTest, JsonHasTheFixedFields) {
  const std::string out = Run({"status", "-o", "json"}).out;
  for (const char* part :
       {"\"pipeline\": \"tickets\"", "\"state\": \"PAUSED\"", "\"reason\": \"HISTORY_GONE\"",
        "\"remedy\": \"Re-sync with: driftctl run embed --pipeline tickets\"",
        "\"version\": \"118\"", "\"lag_versions\": \"7\"", "\"lag_seconds\": 7300",
        "\"rows\": \"88120\"", "\"dead_letters\": \"0\"", "\"last_run_id\": \"01K\"",
        "\"cost_usd_today\": 1.82"}) {
    EXPECT_THAT(out, HasSubstr(part));
  }
}

TEST_F(StatusTest, OneSinkShowsItsRuns) {
  auto response = Parse<v1::StatusResponse>(
      "pipelines { pipeline: \"docs\" state: IDLE recent_runs { id: \"01J\" mode: WATCH state: "
      "FAILED "
      "cost_usd: 0.5 queue_time { seconds: 1 } } }");
  daemon_.pipelines.Status_.Set(response);
  const std::string out = Run({"status", "--sink", "qdrant://db:6334/docs"}).out;
  EXPECT_THAT(out, HasSubstr("\nlast runs of docs:\nRUN  MODE   STATE"));
  EXPECT_THAT(out, HasSubstr("01J  WATCH  FAILED"));
  Run({"status", "--limit", "2"});
  Run({"status"});
  const auto requests = daemon_.pipelines.Status_.requests();
  EXPECT_EQ(requests.at(0).sink(), "qdrant://db:6334/docs");
  EXPECT_EQ(requests.at(0).runs(), 5);
  EXPECT_EQ(requests.at(1).runs(), 2);
  EXPECT_EQ(requests.at(2).runs(), 0);
}

TEST_F(StatusTest, NothingYet) {
  daemon_.pipelines.Status_.Set(v1::StatusResponse());
  EXPECT_THAT(Run({"status"}).err, HasSubstr("no pipelines yet"));
  EXPECT_EQ(Run({"status", "--sink", "qdrant://x/y"}).err, "no pipeline writes to qdrant://x/y\n");
}

}  // namespace
}  // namespace drift::client
