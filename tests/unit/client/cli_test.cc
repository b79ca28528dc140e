#include "client/cli.h"

#include "tests/unit/client/client_test_base.h"

namespace drift::client {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class CliTest : public ClientTest {};

struct Mistake {
  std::vector<std::string> arguments;
  std::string error;
};
class CliMistakeTest : public ClientTest, public testing::WithParamInterface<Mistake> {};

TEST_P(CliMistakeTest, IsOneLineAndExit2) {
  const Outcome outcome = RunBare(GetParam().arguments);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "error: " + GetParam().error + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    All, CliMistakeTest,
    testing::Values(
        Mistake{{"run"},
                "driftctl run: say what to do: embed, watch, list, get, cancel. See: driftctl run "
                "--help"},
        Mistake{{"runn"},
                "'runn' is not known to driftctl; did you mean 'run'? See: driftctl --help"},
        Mistake{{"status", "--tabel"},
                "'--tabel' is not known to driftctl status. See: driftctl status --help"},
        Mistake{{"statsu"},
                "'statsu' is not known to driftctl; did you mean 'status'? See: driftctl --help"},
        Mistake{{"plan", "--tabel", "x", "--sink", "y"},
                "'--tabel' is not known to driftctl plan; did you mean '--table'? See: driftctl "
                "plan --help"},
        Mistake{{"run", "embed", "--ouptut", "json"},
                "'--ouptut' is not known to driftctl run embed; did you mean '--output'? See: "
                "driftctl run embed --help"},
        Mistake{{"cost", "by"}, "'by' is not known to driftctl cost. See: driftctl cost --help"},
        Mistake{{"status", "-o", "xml"},
                "--output: xml not in {table,json,yaml,csv}. See: driftctl status --help"},
        Mistake{{"run", "embed", "--batch-size", "0"},
                "--batch-size: write a whole number from 1 to 2147483647, not '0'. See: driftctl "
                "run embed "
                "--help"},
        Mistake{{"run", "embed", "--text", "{a}", "--text-col", "a"},
                "--text-col excludes --text. See: driftctl run embed --help"},
        Mistake{
            {"run", "embed", "--since-version", "-1"},
            "--since-version: write a whole number from 0 to 9223372036854775807, not '-1'. See: "
            "driftctl run embed --help"},
        Mistake{{"run", "watch", "--every", "soon"},
                "--every soon: write a duration such as 500ms, 10s, 5m, 1h30m. See: driftctl run "
                "watch --help"},
        Mistake{
            {"status", "--timeout", "0s"},
            "--timeout 0s: write a duration such as 500ms, 10s, 5m, 1h30m. See: driftctl status "
            "--help"},
        Mistake{{"run", "get"}, "ID is required. See: driftctl run get --help"},
        Mistake{{"search", "text"}, "--pipeline is required. See: driftctl search --help"},
        Mistake{{"pipeline", "apply"}, "--file is required. See: driftctl pipeline apply --help"},
        Mistake{{"provenance"},
                "say which: --point ID, or --pipeline P --key K. See: driftctl provenance --help"},
        Mistake{{"provenance", "--pipeline", "docs"},
                "--pipeline requires --key. See: driftctl provenance --help"},
        Mistake{{"cost", "--by", "colour"},
                "--by: colour not in {model,pipeline,provider,day,run}. See: driftctl cost --help"},
        Mistake{{"completion", "tcsh"},
                "SHELL: tcsh not in {bash,zsh,fish}. See: driftctl completion --help"}));

TEST_F(CliTest, HelpIsAResult) {
  const Outcome outcome = RunBare({"run", "embed", "--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("Usage: driftctl run embed [OPTIONS]"));
  EXPECT_THAT(outcome.out, HasSubstr("Ctrl-C cancels the run"));
  for (const char* option :
       {"--pipeline NAME", "--table TABLE", "--text-col A,B,...", "--text TEMPLATE",
        "--key A,B,...", "--model MODEL", "--sink URI", "--payload A,B,...", "--batch-size N",
        "--no-dedup", "--shadow-mode", "--since-version N", "--detach"}) {
    EXPECT_THAT(outcome.out, HasSubstr(option));
  }
  EXPECT_EQ(RunBare({"--help"}).code, 0);
}

TEST_F(CliTest, VersionFlagNeedsNoDaemon) {
  const Outcome outcome = RunBare({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, StartsWith("driftctl 0."));
}

TEST_F(CliTest, CommandsOfLaterReleasesSaySo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"migrate", "start", "--to", "x"},
                                             {"erase", "--pipeline", "p", "--key", "k"},
                                             {"receipt", "get", "01J"},
                                             {"reconcile", "--pipeline", "p", "--repair"}}) {
    const Outcome outcome = RunBare(arguments);
    EXPECT_EQ(outcome.code, 1) << arguments[0];
    EXPECT_THAT(outcome.err, StartsWith("error: this release of Drift "));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1);
  }
}

TEST_F(CliTest, GlobalOptionsMayStandAnywhere) {
  daemon_.runs.Get_.Set(Parse<v1::Run>("id: \"01J\""));
  EXPECT_THAT(Run({"-o", "json", "run", "get", "01J"}).out, StartsWith("{"));
  EXPECT_THAT(Run({"run", "-o", "json", "get", "01J"}).out, StartsWith("{"));
  EXPECT_THAT(Run({"run", "get", "01J", "-o", "json"}).out, StartsWith("{"));
  EXPECT_THAT(Run({"run", "get", "01J", "--output=yaml"}).out, StartsWith("id: "));
}

TEST_F(CliTest, TheServerMayComeFromTheEnvironment) {
  environment_["DRIFT_SERVER"] = daemon_.address();
  daemon_.server.Get_.Set(Parse<v1::Server>("version: \"9.9.9\" commit: \"abc\""));
  const Outcome outcome = RunBare({"version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("driftd   9.9.9 (abc) at 127.0.0.1:"));
  EXPECT_THAT(RunBare({"version", "-o", "json"}).out, HasSubstr("\"version\": \"9.9.9\""));
}

}  // namespace
}  // namespace drift::client
