#include "config/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "base/text_file.h"
#include "config/pipeline.h"
#include "tests/unit/config/test_checks.h"

namespace drift {
namespace {

using Variables = std::map<std::string, std::string>;

EnvLookup Environment(Variables variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

std::string ReadFile(const std::string& path) {
  auto text = ReadTextFile(path);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

Config ParseFile(const std::string& path) {
  Problems problems;
  Config config = ParseConfig(path, ReadFile(path), Environment({}), TestChecks(), problems);
  EXPECT_EQ(problems.Lines(), "");
  return config;
}

TEST(Config, ReadsEverySection) {
  const Config config = ParseFile("tests/data/config/right_full.yaml");
  EXPECT_EQ(config.server.shutdown_grace_secs, 25);
  EXPECT_EQ(config.ledger.url, "sqlite:///var/lib/drift/ledger.db");
  ASSERT_EQ(config.providers.size(), 1u);
  EXPECT_EQ(config.providers[0].api_key.text, "env:OPENAI_API_KEY");
  EXPECT_EQ(config.providers[0].base_url, "https://api.openai.com/v1");
  ASSERT_EQ(config.pipelines.size(), 1u);
  const PipelineSpec& docs = config.pipelines[0];
  EXPECT_EQ(docs.name, "docs");
  EXPECT_EQ(docs.table, "s3://lake/docs");
  EXPECT_EQ(docs.storage.at("region"), "eu-west-1");
  EXPECT_EQ(docs.key, std::vector<std::string>{"id"});
  EXPECT_EQ(docs.text, "{title}\n\n{body}");
  EXPECT_EQ(docs.where_not_null, std::vector<std::string>{"body"});
  EXPECT_EQ(docs.payload, (std::vector<std::string>{"category", "updated_at"}));
  EXPECT_EQ(docs.dimensions, 1536);
  EXPECT_EQ(docs.sink, "qdrant://qdrant:6334/docs");
  EXPECT_EQ(docs.every_secs, 30);
  ASSERT_EQ(config.budgets.size(), 2u);
  EXPECT_EQ(config.budgets[0].limit, 5'000'000'000);
  EXPECT_EQ(config.budgets[0].period, BudgetConfig::Period::kDay);
  EXPECT_EQ(config.budgets[0].soft_share, 0);
  EXPECT_EQ(config.budgets[1].scope, BudgetConfig::Scope::kProvider);
  EXPECT_EQ(config.budgets[1].period, BudgetConfig::Period::kMonth);
  EXPECT_EQ(config.budgets[1].soft_share, 0.8);
  EXPECT_EQ(config.catalogue.models, "/etc/drift/models.yaml");
}

TEST(Config, AnEntryChangesAWellKnownProviderOnlyWhereItSaysSo) {
  Problems problems;
  const Config config =
      ParseConfig("f.yaml", "providers:\n  openai: {base_url: http://127.0.0.1:8080/v1}\n",
                  Environment({}), TestChecks(), problems);
  EXPECT_EQ(problems.Lines(), "");
  ASSERT_EQ(config.providers.size(), 1u);
  EXPECT_EQ(config.providers[0].type, "openai");
  EXPECT_EQ(config.providers[0].api_key.text, "env:OPENAI_API_KEY");
  EXPECT_EQ(config.providers[0].base_url, "http://127.0.0.1:8080/v1");
}

TEST(Config, RunsWithoutAFile) {
  Problems problems;
  const Config config =
      LoadConfig("", Environment({{"HOME", "/home/ann"}}), TestChecks(), problems);
  EXPECT_EQ(problems.Lines(), "");
  EXPECT_EQ(config.server.grpc_listen, "127.0.0.1:7433");
  EXPECT_EQ(config.server.http_listen, "127.0.0.1:9464");
  EXPECT_EQ(config.ledger.url, "sqlite:///home/ann/.local/state/drift/ledger.db");
  EXPECT_TRUE(config.pipelines.empty());
  EXPECT_EQ(
      DefaultConfig(Environment({{"HOME", "/h"}, {"XDG_STATE_HOME", "/var/state"}}))->ledger.url,
      "sqlite:///var/state/drift/ledger.db");
}

TEST(Config, SaysWhenThereIsNoPlaceForTheLedger) {
  Problems problems;
  LoadConfig("", Environment({}), TestChecks(), problems);
  EXPECT_EQ(problems.Lines(),
            "environment: ledger.url: neither XDG_STATE_HOME nor HOME says where the ledger should "
            "lie; set ledger.url or DRIFT_LEDGER_URL");
}

TEST(Config, TheEnvironmentWinsOverTheFile) {
  Problems problems;
  const Config config =
      LoadConfig("",
                 Environment({{"DRIFT_CONFIG", "tests/data/config/right_full.yaml"},
                              {"DRIFT_LOG_LEVEL", "debug"},
                              {"DRIFT_GRPC_LISTEN", "127.0.0.1:0"},
                              {"DRIFT_HTTP_LISTEN", "[::1]:0"},
                              {"DRIFT_LEDGER_URL", "sqlite:///tmp/other.db"}}),
                 TestChecks(), problems);
  EXPECT_EQ(problems.Lines(), "");
  EXPECT_EQ(config.pipelines.size(), 1u);
  EXPECT_EQ(config.log.level, LogLevel::kDebug);
  EXPECT_EQ(config.server.grpc_listen, "127.0.0.1:0");
  EXPECT_EQ(config.server.http_listen, "[::1]:0");
  EXPECT_EQ(config.ledger.url, "sqlite:///tmp/other.db");
}

TEST(Config, WrongSettingsInTheEnvironmentAreNamed) {
  Problems problems;
  LoadConfig("",
             Environment({{"DRIFT_LOG_LEVEL", "inf"},
                          {"DRIFT_GRPC_LISTEN", "7433"},
                          {"DRIFT_LEDGER_URL", "postgresql://me:hunter2@db/drift"}}),
             TestChecks(), problems);
  EXPECT_EQ(problems.Report(),
            "environment: DRIFT_LOG_LEVEL: unknown value 'inf'; did you mean 'info'?\n"
            "environment: DRIFT_GRPC_LISTEN: '7433' is not HOST:PORT, e.g. 127.0.0.1:7433\n"
            "environment: DRIFT_LEDGER_URL: the address holds a password; take it out and add "
            "?password=env:NAME or ?password=file:/path\n"
            "3 errors");
}

TEST(Config, AFileThatIsNotThere) {
  Problems problems;
  LoadConfig("/nowhere/driftd.yaml", Environment({{"HOME", "/h"}}), TestChecks(), problems);
  EXPECT_EQ(problems.Report(), "/nowhere/driftd.yaml: cannot be read: No such file or directory");
  Problems of_folder;
  LoadConfig("/tmp", Environment({{"HOME", "/h"}}), TestChecks(), of_folder);
  EXPECT_FALSE(of_folder.empty());
}

// ---- config/driftd.yaml ----

constexpr char kSample[] = "config/driftd.yaml";

TEST(SampleFile, SaysTheDefaults) {
  EXPECT_EQ(ParseFile(kSample), Config());
}

// The file with every option switched on.
std::string SwitchedOn() {
  std::istringstream in(ReadFile(kSample));
  std::string out;
  for (std::string line; std::getline(in, line);) {
    // "#key: ..." and "#    key: ..." are options, "# Words" and "#   command" are not.
    const size_t indent = line.find_first_not_of(' ', 1);
    const bool option = line.starts_with('#') && indent != std::string::npos && indent % 2 == 1;
    // What is switched on replaces the empty default above it.
    const bool empty_default = line.ends_with(": {}") || line.ends_with(": []");
    if (empty_default) continue;
    // These two exclude one another.
    if (line.starts_with("#    text_columns:")) continue;
    out += (option ? line.substr(1) : line) + "\n";
  }
  // A size has no meaning with the default type.
  const std::string type = "type: none";
  out.replace(out.find(type), type.size(), "type: tokens");
  return out;
}

TEST(SampleFile, EveryOptionIsRightWhenSwitchedOn) {
  Problems problems;
  const Config config =
      ParseConfig("on.yaml", SwitchedOn(), Environment({}), TestChecks(), problems);
  EXPECT_EQ(problems.Lines(), "");
  ASSERT_EQ(config.pipelines.size(), 1u);
  const PipelineSpec& shown = config.pipelines[0];
  const PipelineSpec defaults;
  EXPECT_EQ(shown.source_type, defaults.source_type);
  EXPECT_EQ(shown.store_text, defaults.store_text);
  EXPECT_EQ(shown.dedup, defaults.dedup);
  EXPECT_EQ(shown.limits, defaults.limits);
  EXPECT_EQ(config.budgets.size(), 2u);
  EXPECT_EQ(config.catalogue.prices, "/etc/drift/prices.yaml");
}

// The last word of each dotted path at which a key was looked for.
std::set<std::string> KeysOf(const std::string& message) {
  std::set<std::string> keys;
  const std::string known = "; known: ";
  const size_t start = message.find(known);
  if (start == std::string::npos) return keys;
  std::istringstream list(message.substr(start + known.size()));
  for (std::string word; std::getline(list, word, ',');) {
    keys.insert(word.substr(word.find_first_not_of(' ')));
  }
  return keys;
}

// Each mapping of the format, given a key that it does not have, lists those it has: the sample
// must show all of them.
TEST(SampleFile, ShowsEveryOption) {
  const std::vector<std::string> probes = {
      "qqqqqqqqqqqq: 1",
      "server: {qqqqqqqqqqqq: 1}",
      "ledger: {qqqqqqqqqqqq: 1}",
      "log: {qqqqqqqqqqqq: 1}",
      "catalogue: {qqqqqqqqqqqq: 1}",
      "budgets: [{scope: provider/openai, usd_per_day: 1, qqqqqqqqqqqq: 1}]",
      "pipelines: [{qqqqqqqqqqqq: 1}]",
      "pipelines: [{source: {qqqqqqqqqqqq: 1}}]",
      "pipelines: [{where: {qqqqqqqqqqqq: 1}}]",
      "pipelines: [{chunking: {qqqqqqqqqqqq: 1}}]",
      "pipelines: [{schedule: {every_secs: 1, qqqqqqqqqqqq: 1}}]",
      "pipelines: [{limits: {qqqqqqqqqqqq: 1}}]"};
  const std::string sample = SwitchedOn() + "text_columns:";
  for (const std::string& probe : probes) {
    Problems problems;
    ParseConfig("f.yaml", probe, Environment({}), TestChecks(), problems);
    std::set<std::string> keys;
    std::istringstream lines(problems.Lines());
    for (std::string line; std::getline(lines, line);) {
      if (line.find("qqqq") != std::string::npos) keys = KeysOf(line);
    }
    EXPECT_FALSE(keys.empty()) << probe;
    for (const std::string& key : keys) {
      EXPECT_NE(sample.find(key + ":"), std::string::npos) << key << " of " << probe;
    }
  }
}

// ---- a pipeline by itself ----

class PipelineTextTest : public testing::Test {
 protected:
  StatusOr<PipelineSpec> Parse(const std::string& text) {
    return ParsePipeline("docs.yaml", text, context_);
  }

  PipelineContext context_{TestChecks(), {}};
};

constexpr char kDeclared[] =
    "name: docs\n"
    "source: {table: /data/docs}\n"
    "key: [id]\n"
    "text: \"{body}\"\n"
    "model: shadow/8\n"
    "sink: sqlite:///tmp/i.db?collection=docs\n";

TEST_F(PipelineTextTest, Yaml) {
  const auto spec = Parse(kDeclared);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->name, "docs");
  EXPECT_EQ(spec->text, "{body}");
}

TEST_F(PipelineTextTest, TheExample) {
  const auto spec = Parse(ReadFile("config/examples/pipeline.yaml"));
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->name, "faq");
}

TEST_F(PipelineTextTest, Json) {
  const auto spec = Parse(
      R"({"name": "docs", "source": {"type": "delta", "table": "/data/docs"}, "key": ["id"],
          "text": "{body}", "model": "shadow/8", "sink": "sqlite:///tmp/i.db?collection=docs"})");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(*spec, *Parse(kDeclared));
}

// What the API prints has every field, most of them empty.
TEST_F(PipelineTextTest, AsPrinted) {
  const auto spec = Parse(
      R"({"spec": {"name": "docs", "source": {"type": "delta", "table": "/data/docs", "storage": {}},
          "key": ["id"], "text": "{body}", "text_columns": [], "payload": [], "store_text": false,
          "model": "shadow/8", "dimensions": 0, "sink": "sqlite:///tmp/i.db?collection=docs",
          "dedup": true, "shadow": false}, "origin": "API", "create_time": "2026-11-20T09:14:03Z"})");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(*spec, *Parse(kDeclared));
}

TEST_F(PipelineTextTest, MistakesHavePlaces) {
  const auto spec = Parse("spec:\n  name: docs\n  shadow: true\nstate: x\n");
  EXPECT_EQ(spec.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(
      Message(spec.status()),
      "docs.yaml:2:3: spec.source.table: is missing\n"
      "docs.yaml:2:3: spec.key: is missing; write key: [column]\n"
      "docs.yaml:2:3: spec.text: is missing; write text: \"{column}\" or text_columns: [column]\n"
      "docs.yaml:2:3: spec.model: is missing; write provider/name, e.g. "
      "openai/text-embedding-3-small\n"
      "docs.yaml:2:3: spec.sink: is missing; write a URI, e.g. "
      "sqlite:///var/lib/drift/index.db?collection=docs\n"
      "docs.yaml:3:11: spec.shadow: is made by `run --shadow-mode`; write model: "
      "shadow/DIMENSIONS\n"
      "docs.yaml:4:1: unknown key 'state'; known: spec, origin, pause, create_time");
}

TEST_F(PipelineTextTest, TheDaemonsEnvironmentIsNotRead) {
  const auto spec = Parse(std::string(kDeclared) + "payload: ['${HOME}']\n");
  EXPECT_EQ(Message(spec.status()),
            "docs.yaml:7:11: payload[0]: ${HOME} would read the daemon's environment, which is for "
            "its own configuration; write the value (a secret as env:NAME)");
}

TEST_F(PipelineTextTest, WrongDocuments) {
  EXPECT_EQ(Message(Parse("").status()), "docs.yaml:1:1: is empty; a pipeline is expected");
  EXPECT_EQ(Message(Parse("- name: docs\n").status()),
            "docs.yaml:1:1: one pipeline is expected, not a list; apply them one by one");
}

TEST_F(PipelineTextTest, CheckedWithoutText) {
  PipelineSpec spec = *Parse(kDeclared);
  EXPECT_TRUE(CheckPipeline(spec, context_).ok());
  spec.sink = "postgresql://me:hunter2@db/x?table=docs";
  spec.payload = {"drift", ""};
  EXPECT_EQ(
      Message(CheckPipeline(spec, context_)),
      "payload[1]: is empty\n"
      "payload[0]: 'drift' is reserved for what Drift stores beside a vector; copy the column "
      "under another name in the table\n"
      "sink: the address holds a password; take it out and add ?password=env:NAME or "
      "?password=file:/path");
  spec.payload.clear();
  context_.allow_plain_secrets = true;
  EXPECT_TRUE(CheckPipeline(spec, context_).ok());
  EXPECT_EQ(spec.sink.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace drift
