// `driftd validate`, the program itself: with what its connectors and its catalogue really know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

struct Outcome {
  int code = -1;
  std::string out;  // and what it said on stderr
};

Outcome Validate(const std::string& path) {
  const std::string command = std::string(DRIFTD_BINARY) + " validate --config '" + path + "' 2>&1";
  Outcome outcome;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return outcome;
  char buffer[4096];
  while (const size_t count = fread(buffer, 1, sizeof(buffer), pipe)) {
    outcome.out.append(buffer, count);
  }
  const int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

class ValidateTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string examples = std::filesystem::absolute("config/examples").string();
    ASSERT_EQ(setenv("DRIFT_EXAMPLES", examples.c_str(), 1), 0);
    folder_ = testing::TempDir() + "validate_" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& text) {
    const std::string path = folder_ + "/driftd.yaml";
    std::ofstream(path) << text;
    return path;
  }

  std::string folder_;
};

TEST_F(ValidateTest, TheSampleAndEveryExample) {
  EXPECT_EQ(Validate("config/driftd.yaml").code, 0);
  int examples = 0;
  for (const auto& entry : std::filesystem::directory_iterator("config/examples")) {
    // These two are read by way of another example, and the third by `driftctl pipeline apply`.
    const std::string name = entry.path().filename();
    if (name.starts_with("own-models") || name.starts_with("own-prices") ||
        name == "pipeline.yaml") {
      continue;
    }
    ++examples;
    const Outcome outcome = Validate(entry.path());
    EXPECT_EQ(outcome.code, 0) << name << "\n" << outcome.out;
  }
  EXPECT_GE(examples, 6);
}

TEST_F(ValidateTest, SaysAllThatIsWrong) {
  const std::string path = Write(
      "pipelines:\n"
      "  - name: docs\n"
      "    source: {table: ./docs}\n"
      "    key: [id]\n"
      "    text: \"{body}\"\n"
      "    model: opanai/text-embedding-3-small\n"
      "    chunking: {type: tokens, size: 9, overlp: 1}\n"
      "    sink: qdrant://db:6333/docs\n"
      "  - name: other\n"
      "    source: {table: /data/other}\n"
      "    key: [id]\n"
      "    text: \"{body}\"\n"
      "    model: openai/text-embedding-3-smal\n"
      "    sink: sqlite:index.db?collection=other\n");
  const Outcome outcome = Validate(path);
  EXPECT_EQ(outcome.code, 2);
  for (const char* line :
       {":3:21: pipelines[0].source.table: ",
        ":6:12: pipelines[0].model: unknown provider 'opanai'; did you mean 'openai'?\n",
        ":7:39: pipelines[0].chunking: unknown key 'overlp'; did you mean 'overlap'?\n",
        ":8:11: pipelines[0].sink: qdrant://db:6333/docs: port 6333 is Qdrant's REST port; gRPC "
        "listens on 6334\n",
        ":13:19: pipelines[1].model: ", ":14:11: pipelines[1].sink: ", "\n6 errors\n"}) {
    EXPECT_THAT(outcome.out, testing::HasSubstr(line));
  }
}

TEST_F(ValidateTest, AFileThatIsNotThere) {
  const Outcome outcome = Validate(folder_ + "/none.yaml");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, folder_ + "/none.yaml: cannot be read: No such file or directory\n");
}

}  // namespace
