// Providers that run inside the process.
#include "config/catalogue.h"
#include "core/reasons.h"
#include "providers/registry.h"
#include "tests/conformance/embedder_suite.h"

namespace drift::testing {
namespace {

struct World {
  World() {
    Problems problems;
    catalogue = LoadCatalogue("", "", NoEnvironment(), problems);
    std::vector<std::string> folders = local::ModelFiles::DefaultFolders();
    folders.push_back("build/share/drift/models");  // where tools/models.sh puts them
    registry = std::make_unique<ProviderRegistry>(catalogue.models, catalogue.prices, Clock::Real(),
                                                  std::move(folders));
  }
  Catalogue catalogue;
  std::unique_ptr<ProviderRegistry> registry;
};

World& TheWorld() {
  static World& world = *new World;
  return world;
}

std::shared_ptr<Embedder> Make(const std::string& provider, const std::string& model) {
  auto made = TheWorld().registry->MakeEmbedder({.name = provider, .type = provider}, model, 0);
  if (Reason(made.status()) == reason::kModelNotInstalled) return nullptr;
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? std::move(made).value() : nullptr;
}

EmbedderSuiteParam Param(std::string name, std::string provider, std::string model) {
  return {std::move(name), [=] { return Make(provider, model); }};
}

INSTANTIATE_TEST_SUITE_P(Shadow, EmbedderSuite,
                         ::testing::Values(Param("shadow1536", "shadow", "1536"),
                                           Param("shadow3", "shadow", "3")),
                         EmbedderSuiteName);

INSTANTIATE_TEST_SUITE_P(Local, EmbedderSuite,
                         ::testing::Values(Param("wordllama", "local", "wordllama-256"),
                                           Param("minilm", "local", "all-minilm-l6-v2"),
                                           Param("e5", "local", "e5-small-v2"),
                                           Param("bge", "local", "bge-small-en-v1.5")),
                         EmbedderSuiteName);

}  // namespace
}  // namespace drift::testing
