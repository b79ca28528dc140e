#include "metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

namespace drift {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;  // NOLINT: durations

const ProviderLabels kModel = {"openai", "openai/text-embedding-3-small"};

void ReportEverything(Metrics& metrics) {
  metrics.AddPipeline("docs");
  metrics.SetPipelineState("docs", "RUNNING");
  metrics.SetWatermark("docs", 118, 7, 12.5);
  metrics.SetDeadLetters("docs", 3);
  metrics.SetQueueBytes("docs", "embed", 4096);
  RunCounters counters;
  counters.rows_inserted = 5;
  counters.rows_deleted = 1;
  counters.texts_embedded = 4;
  counters.texts_reused = 2;
  metrics.AddRows("docs", counters);
  metrics.AddPoints("docs", "qdrant", 6);
  metrics.RunEnded("docs", RunMode::kWatch, RunState::kSucceeded, 400ms);
  metrics.Polled(3ms);
  metrics.RequestEnded(kModel, "OK", 120ms);
  metrics.AddSpend("docs", kModel, 1'000, 20'000);
  metrics.AddThrottled(kModel, 1500ms);
  metrics.SetBudget("pipeline/docs", "day", 0.25);
  metrics.SinkWritten("qdrant", 7ms);
  metrics.LedgerCommitted(2ms);
  metrics.CountError("provider", "UNAVAILABLE");
}

TEST(Metrics, CountsWhatItIsTold) {
  Metrics metrics("0.1.0", "abc123");
  ReportEverything(metrics);
  const std::string text = metrics.Text();
  for (const char* line : {
           "drift_build_info{commit=\"abc123\",version=\"0.1.0\"} 1\n",
           "drift_pipeline_state{pipeline=\"docs\",state=\"RUNNING\"} 1\n",
           "drift_pipeline_state{pipeline=\"docs\",state=\"PAUSED\"} 0\n",
           "drift_watermark_version{pipeline=\"docs\"} 118\n",
           "drift_watermark_lag_versions{pipeline=\"docs\"} 7\n",
           "drift_watermark_lag_seconds{pipeline=\"docs\"} 12.5\n",
           "drift_dead_letters{pipeline=\"docs\"} 3\n",
           "drift_queue_bytes{pipeline=\"docs\",stage=\"embed\"} 4096\n",
           "drift_rows_total{op=\"inserted\",pipeline=\"docs\"} 5\n",
           "drift_rows_total{op=\"updated\",pipeline=\"docs\"} 0\n",
           "drift_texts_total{pipeline=\"docs\",result=\"embedded\"} 4\n",
           "drift_points_written_total{pipeline=\"docs\",sink_type=\"qdrant\"} 6\n",
           "drift_runs_total{mode=\"WATCH\",pipeline=\"docs\",state=\"SUCCEEDED\"} 1\n",
           "drift_run_duration_seconds_count 1\n",
           "drift_poll_seconds_bucket{le=\"0.005\"} 1\n",
           "drift_provider_requests_total{code=\"OK\",model=\"openai/text-embedding-3-small\","
           "provider=\"openai\"} 1\n",
           "drift_provider_throttled_seconds_total{model=\"openai/text-embedding-3-small\","
           "provider=\"openai\"} 1.5\n",
           "drift_budget_used_ratio{period=\"day\",scope=\"pipeline/docs\"} 0.25\n",
           "drift_sink_write_seconds_count{sink_type=\"qdrant\"} 1\n",
           "drift_ledger_commit_seconds_count 1\n",
           "drift_errors_total{code=\"UNAVAILABLE\",component=\"provider\"} 1\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, SpendIsInDollars) {
  Metrics metrics("0.1.0", "");
  metrics.AddSpend("docs", kModel, 1'000'000, 20'000'000);
  EXPECT_THAT(metrics.Text(),
              HasSubstr("drift_cost_usd_total{model=\"openai/text-embedding-3-small\","
                        "pipeline=\"docs\",provider=\"openai\"} 0.02\n"));
}

// Exactly the names and labels that dashboards are built on.
TEST(Metrics, NamesAndLabels) {
  const std::map<std::string, std::set<std::string>> expected = {
      {"drift_build_info", {"version", "commit"}},
      {"drift_pipeline_state", {"pipeline", "state"}},
      {"drift_watermark_version", {"pipeline"}},
      {"drift_watermark_lag_versions", {"pipeline"}},
      {"drift_watermark_lag_seconds", {"pipeline"}},
      {"drift_rows_total", {"pipeline", "op"}},
      {"drift_points_written_total", {"pipeline", "sink_type"}},
      {"drift_texts_total", {"pipeline", "result"}},
      {"drift_tokens_total", {"pipeline", "provider", "model"}},
      {"drift_cost_usd_total", {"pipeline", "provider", "model"}},
      {"drift_runs_total", {"pipeline", "mode", "state"}},
      {"drift_run_duration_seconds", {}},
      {"drift_provider_requests_total", {"provider", "model", "code"}},
      {"drift_provider_request_seconds", {"provider", "model"}},
      {"drift_provider_throttled_seconds_total", {"provider", "model"}},
      {"drift_budget_used_ratio", {"scope", "period"}},
      {"drift_sink_write_seconds", {"sink_type"}},
      {"drift_ledger_commit_seconds", {}},
      {"drift_dead_letters", {"pipeline"}},
      {"drift_queue_bytes", {"pipeline", "stage"}},
      {"drift_poll_seconds", {}},
      {"drift_errors_total", {"component", "code"}}};
  Metrics metrics("0.1.0", "abc123");
  ReportEverything(metrics);
  std::map<std::string, std::set<std::string>> found;
  std::istringstream lines(metrics.Text());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const size_t brace = line.find('{');
    std::string name = line.substr(0, std::min(brace, line.find(' ')));
    for (const char* end : {"_bucket", "_count", "_sum"}) {
      if (name.ends_with(end)) name.resize(name.size() - std::string(end).size());
    }
    std::set<std::string>& labels = found[name];
    if (brace == std::string::npos) continue;
    const std::string inside = line.substr(brace + 1, line.rfind('}') - brace - 1);
    std::istringstream pairs(inside);
    for (std::string pair; std::getline(pairs, pair, ',');) {
      const std::string label = pair.substr(0, pair.find('='));
      if (label != "le") labels.insert(label);
    }
  }
  EXPECT_EQ(found, expected);
}

TEST(Metrics, PipelinesShowFromTheStartAndGaugesGoWithThem) {
  Metrics metrics("0.1.0", "");
  metrics.AddPipeline("docs");
  metrics.SetPipelineState("docs", "IDLE");
  EXPECT_THAT(metrics.Text(), HasSubstr("drift_rows_total{op=\"inserted\",pipeline=\"docs\"} 0\n"));
  metrics.SetWatermark("docs", -1, -1, 0);
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("drift_watermark_version{")));
  metrics.SetWatermark("docs", 3, 0, 0);
  EXPECT_THAT(metrics.Text(), HasSubstr("drift_watermark_version{"));
  metrics.RemovePipeline("docs");
  const std::string text = metrics.Text();
  EXPECT_THAT(text, Not(HasSubstr("drift_watermark_version{")));
  EXPECT_THAT(text, Not(HasSubstr("drift_pipeline_state{")));
  EXPECT_THAT(text, Not(HasSubstr("drift_dead_letters{")));
  EXPECT_THAT(text, HasSubstr("drift_rows_total{op=\"inserted\",pipeline=\"docs\"} 0\n"));
  metrics.RemovePipeline("never there");
}

TEST(Metrics, RefreshRunsBeforeEachScrape) {
  Metrics metrics("0.1.0", "");
  int64_t scrapes = 0;
  metrics.SetRefresh([&](Metrics& inside) { inside.SetDeadLetters("docs", ++scrapes); });
  EXPECT_THAT(metrics.Text(), HasSubstr("drift_dead_letters{pipeline=\"docs\"} 1\n"));
  EXPECT_THAT(metrics.Text(), HasSubstr("drift_dead_letters{pipeline=\"docs\"} 2\n"));
}

TEST(Metrics, HostileLabelValuesAreEscaped) {
  Metrics metrics("0.1.0", "");
  metrics.SetDeadLetters("a\"b\\c\nd", 1);
  EXPECT_THAT(metrics.Text(), HasSubstr("drift_dead_letters{pipeline=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(Metrics, ConcurrentUse) {
  Metrics metrics("0.1.0", "");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        metrics.AddPoints("docs", "qdrant", 1);
        metrics.SetWatermark(fmt::format("p{}", t % 2), i, 0, 0);
        if (i % 100 == 0) metrics.Text();
        if (i % 50 == 0) metrics.RemovePipeline(fmt::format("p{}", t % 2));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(metrics.Text(), HasSubstr("drift_points_written_total{pipeline=\"docs\","
                                        "sink_type=\"qdrant\"} 2000\n"));
}

// Prometheus' own linter, where it is installed: help texts, units, suffixes.
TEST(Metrics, PromtoolHasNothingToSay) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "promtool is not installed (Debian package prometheus)";
  }
  Metrics metrics("0.1.0", "abc123");
  ReportEverything(metrics);
  FILE* tool = popen("promtool check metrics 2>&1", "w");
  ASSERT_NE(tool, nullptr);
  const std::string text = metrics.Text();
  ASSERT_EQ(fwrite(text.data(), 1, text.size(), tool), text.size());
  EXPECT_EQ(pclose(tool), 0);
}

}  // namespace
}  // namespace drift
