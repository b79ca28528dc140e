#include "tests/fakes/providers/stand_in_models.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "config/catalogue.h"
#include "providers/registry.h"

namespace drift::testing {
namespace {

constexpr char kKeyVariable[] = "TEST_PROVIDER_KEY";

const Catalogue& BuiltInCatalogue() {
  static const Catalogue& catalogue = *[] {
    Problems problems;
    auto* loaded = new Catalogue(LoadCatalogue("", "", NoEnvironment(), problems));
    // The server of another make is one that a user describes.
    ReadModels("m.yaml", "models: [{provider: compat, name: voyage-4, dimensions: 1024}]",
               NoEnvironment(), loaded->models, problems);
    ReadPrices(
        "p.yaml",
        "prices: [{provider: compat, model: '*', since: 2026-01-01, usd_per_million_tokens: 1}]",
        NoEnvironment(), loaded->prices, problems);
    EXPECT_EQ(problems.Lines(), "");
    return loaded;
  }();
  return catalogue;
}

ProviderRegistry& Registry() {
  static ProviderRegistry& registry = *new ProviderRegistry(
      BuiltInCatalogue().models, BuiltInCatalogue().prices, Clock::Real(), {"/nowhere"});
  return registry;
}

ProviderConfig ConfigOf(const StandInModel& model, std::map<std::string, std::string> options) {
  return {.name = model.type,
          .type = model.type == "compat" ? "openai" : model.type,
          .api_key = {model.needs_key ? std::string("env:") + kKeyVariable : ""},
          .base_url = SharedStandIn().base_url(model.type),
          .options = std::move(options)};
}

}  // namespace

void PrintTo(const StandInModel& model, std::ostream* out) {
  *out << model.type;
}

const std::vector<StandInModel>& StandInModels() {
  static const auto& models = *new std::vector<StandInModel>{
      {"openai", "text-embedding-3-small", 64, true, true, 2048},
      {"compat", "voyage-4", 1024, true, false, 200},
      {"azure", "text-embedding-3-large", 64, true, true, 2048},
      {"voyage", "voyage-4", 256, true, true, 1000},
      {"gemini", "gemini-embedding-001", 128, false, true, 100},
      {"cohere", "embed-v4.0", 256, false, true, 96},
      {"ollama", "bge-m3", 1024, false, false, 200},
      {"tei", "BAAI/bge-m3", 1024, false, false, 32},
  };
  return models;
}

std::shared_ptr<Embedder> MakeAtStandIn(const StandInModel& model,
                                        std::map<std::string, std::string> options) {
  setenv(kKeyVariable, std::string(ProviderStandIn::kKey).c_str(), 1);
  const ProviderConfig config = ConfigOf(model, std::move(options));
  SharedStandIn().Configure(R"({"tei":{"model_id":"BAAI/bge-m3","max_input_length":8192}})");
  auto made = Registry().MakeEmbedder(config, model.model, model.dimensions);
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? std::move(made).value() : nullptr;
}

std::unique_ptr<TokenCounter> MakeCounterAtStandIn(const StandInModel& model) {
  auto made = Registry().MakeTokenCounter(
      {.name = model.type, .type = model.type == "compat" ? "openai" : model.type}, model.model);
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? std::move(made).value() : nullptr;
}

}  // namespace drift::testing
