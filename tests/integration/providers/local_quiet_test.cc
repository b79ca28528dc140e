// A model inside the process keeps to itself: ONNX Runtime, as it is distributed, starts threads
// that report its use to a server and leaves files below the user's home unless it is told not to.
// A program of its own, because it is told when the process starts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "config/catalogue.h"
#include "core/reasons.h"
#include "providers/registry.h"
#include "tests/support/process.h"

namespace drift::testing {
namespace {

std::vector<std::string> FilesBelow(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    out.push_back(entry.path());
  }
  return out;
}

size_t Threads() {
  std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST(LocalQuietTest, NoThreadsNoFilesNoWord) {
  std::vector<std::string> folders = local::ModelFiles::DefaultFolders();
  folders.push_back("build/share/drift/models");  // where tools/models.sh puts them
  TempDir home;
  setenv("HOME", home.path().c_str(), 1);
  setenv("XDG_CACHE_HOME", (home / "cache").c_str(), 1);
  const size_t threads = Threads();

  Problems problems;
  const Catalogue catalogue = LoadCatalogue("", "", NoEnvironment(), problems);
  ProviderRegistry registry(catalogue.models, catalogue.prices, Clock::Real(), folders);
  const auto embedder =
      registry.MakeEmbedder({.name = "local", .type = "local"}, "all-minilm-l6-v2", 0);
  if (Reason(embedder.status()) == reason::kModelNotInstalled) {
    GTEST_SKIP() << Message(embedder.status());
  }
  ASSERT_TRUE(embedder.ok()) << embedder.status();
  const std::vector<std::string> texts = {"a text"};
  ASSERT_TRUE((*embedder)->Embed(texts, InputKind::kDocument, {}).ok());

  EXPECT_STREQ(std::getenv("ORT_DISABLE_TELEMETRY"), "1");
  EXPECT_EQ(Threads(), threads);
  EXPECT_THAT(FilesBelow(home.path()), ::testing::IsEmpty());
}

}  // namespace
}  // namespace drift::testing
