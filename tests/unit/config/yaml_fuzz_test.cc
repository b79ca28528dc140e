// Damaged configurations: every outcome is a value or a message with a place, never a crash, and
// the place is inside the text.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "base/text_file.h"
#include "config/config.h"
#include "tests/unit/config/test_checks.h"

namespace drift {
namespace {

constexpr int kRounds = 4000;
constexpr std::string_view kTokens[] = {
    "${",    "}",    "$${X}", "<<: ",     "&a ",   "*a", "- ", ": ",     "\n", "  ", "\"",
    "'",     "|",    ">",     "[",        "]",     "{",  "}",  "!!str ", "~",  "\t", "#",
    "---\n", "null", "\xFF",  "\xC3\xA9", "\\u12", "\\", "? ", "@",      "%",  "1e9"};

std::string Damaged(std::string text, std::mt19937& random) {
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % limit); };
  for (size_t i = 0; i < 1 + below(4) && !text.empty(); ++i) {
    const size_t at = below(text.size());
    switch (below(4)) {
      case 0:
        text.erase(at, 1 + below(20));
        break;
      case 1:
        text.insert(at, kTokens[below(std::size(kTokens))]);
        break;
      case 2:
        text.insert(at, text.substr(below(text.size()), below(40)));
        break;
      default:
        text[at] = static_cast<char>(below(256));
        break;
    }
  }
  return text;
}

TEST(YamlFuzz, DamagedConfigurations) {
  const unsigned seed = std::random_device()();
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  const std::string whole = ReadTextFile("tests/data/config/right_full.yaml").value();
  const EnvLookup environment = [](const std::string&) { return std::optional<std::string>("x"); };
  const ConfigChecks checks = TestChecks();
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = Damaged(whole, random);
    SCOPED_TRACE(fmt::format("seed {} round {}:\n{}", seed, round, text));
    Problems problems;
    ParseConfig("f", text, environment, checks, problems);
    const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    std::string all = problems.Lines();
    while (!all.empty()) {
      const std::string line = all.substr(0, all.find('\n'));
      all.erase(0, std::min(all.size(), line.size() + 1));
      EXPECT_TRUE(line.starts_with("f:")) << line;
      EXPECT_LE(std::atoi(line.c_str() + 2), lines) << line;
    }
  }
}

}  // namespace
}  // namespace drift
