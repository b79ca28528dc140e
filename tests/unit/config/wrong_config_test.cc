// Each file of tests/data/config with all that must be said of it, word for word: a line
// "# => 3:5: server: unknown key ..." stands for "FILE:3:5: server: unknown key ...". Such lines
// end the file; a file without them must be right.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/text_file.h"
#include "config/config.h"
#include "tests/unit/config/test_checks.h"

namespace drift {
namespace {

constexpr std::string_view kMark = "# => ";

std::vector<std::string> Files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("tests/data/config")) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class ConfigFileTest : public testing::TestWithParam<std::string> {};

TEST_P(ConfigFileTest, SaysWhatIsWrong) {
  const std::string file = GetParam() + ".yaml";
  const auto text = ReadTextFile("tests/data/config/" + file);
  ASSERT_TRUE(text.ok());
  std::string expected;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kMark)) continue;
    if (!expected.empty()) expected += '\n';
    expected += file + ":" + line.substr(kMark.size());
  }
  EXPECT_EQ(expected.empty(), GetParam().starts_with("right_"));

  const EnvLookup environment = [](const std::string& name) -> std::optional<std::string> {
    return name == "WORD" ? std::optional<std::string>("soon") : std::nullopt;
  };
  Problems problems;
  ParseConfig(file, *text, environment, TestChecks(), problems);
  EXPECT_EQ(problems.Lines(), expected);
  EXPECT_EQ(problems.Report().find("hunter2"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Data, ConfigFileTest, testing::ValuesIn(Files()),
                         [](const auto& info) { return info.param; });

TEST(ConfigFiles, AreMany) {
  EXPECT_GE(Files().size(), 40u);
}

}  // namespace
}  // namespace drift
