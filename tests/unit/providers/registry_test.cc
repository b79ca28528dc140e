#include "providers/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "config/catalogue.h"
#include "core/reasons.h"

namespace drift {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;

class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest()
      : catalogue_(Load()),
        registry_(catalogue_.models, catalogue_.prices, Clock::Real(), {"/nowhere"}) {}
  static Catalogue Load() {
    Problems problems;
    Catalogue out = LoadCatalogue("", "", NoEnvironment(), problems);
    ReadModels("m.yaml", "models: [{provider: vllm, name: unpriced, dimensions: 8}]",
               NoEnvironment(), out.models, problems);
    EXPECT_EQ(problems.Lines(), "");
    return out;
  }
  static ProviderConfig WellKnown(std::string_view name) {
    for (const ProviderConfig& provider : WellKnownProviders()) {
      if (provider.name == name) return provider;
    }
    ADD_FAILURE() << name;
    return {};
  }

  Catalogue catalogue_;
  ProviderRegistry registry_;
};

TEST_F(RegistryTest, KnowsItsTypes) {
  EXPECT_THAT(ProviderTypes(), Contains(Key("openai")));
  EXPECT_THAT(ProviderTypes(), Contains(Key("local")));
  EXPECT_THAT(ProviderTypes(), Contains(Key("shadow")));
  EXPECT_THAT(ProviderTypes().at("openai"), Contains("timeout_secs"));
  for (const ProviderConfig& provider : WellKnownProviders()) {
    EXPECT_TRUE(registry_.CheckProvider(provider).ok()) << provider.name;
  }
}

TEST_F(RegistryTest, WrongProvidersAreNamed) {
  const auto problem = [&](ProviderConfig config) {
    const Status status = registry_.CheckProvider(config);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return std::string(Message(status));
  };
  EXPECT_EQ(problem({.name = "x", .type = "opanai"}),
            "unknown provider type 'opanai'; did you mean 'openai'?");
  ProviderConfig config = WellKnown("openai");
  config.options["timout_secs"] = "5";
  EXPECT_EQ(problem(config), "unknown option 'timout_secs'; did you mean 'timeout_secs'?");
  EXPECT_EQ(problem({.name = "local", .type = "local", .base_url = "http://x"}),
            "local models have no base_url");
  EXPECT_EQ(problem({.name = "shadow", .type = "shadow", .base_url = "http://x"}),
            "shadow models have no base_url");
}

TEST_F(RegistryTest, AFallbackServesTheVerySameModel) {
  const std::string small = "text-embedding-3-small";
  const ProviderConfig openai = WellKnown("openai");
  ProviderConfig azure{.name = "azure-eu",
                       .type = "azure",
                       .api_key = {"env:KEY"},
                       .base_url = "https://x.openai.azure.com"};
  const auto check = [&](const ProviderConfig& other, std::string_view model) {
    return registry_.CheckFallback(openai, other, model, 0);
  };
  EXPECT_TRUE(check(azure, small).ok());
  EXPECT_TRUE(registry_.CheckFallback(azure, openai, small, 512).ok());
  // A deployment's name says nothing of its model.
  azure.options["deployment"] = "prod";
  EXPECT_EQ(Message(check(azure, small)),
            "openai cannot fall back to azure-eu for text-embedding-3-small: say with "
            "deployment_model that the deployment 'prod' is of this model");
  azure.options["deployment_model"] = small;
  EXPECT_TRUE(check(azure, small).ok());
  EXPECT_FALSE(check(azure, "text-embedding-3-large").ok());

  EXPECT_EQ(Message(check(WellKnown("voyage"), small)),
            "openai cannot fall back to voyage for text-embedding-3-small: a provider of type "
            "voyage serves other models than one of type openai");
  const ProviderConfig local = WellKnown("local");
  EXPECT_THAT(std::string(Message(registry_.CheckFallback(local, local, "wordllama-256", 0))),
              HasSubstr("a model inside the process is never away"));
  // The same name with other prefixes gives other vectors.
  Problems problems;
  ReadModels("m.yaml",
             "models: [{provider: prefixed, name: text-embedding-3-small, dimensions: 1536,"
             " document: {prefix: 'doc: '}}]",
             NoEnvironment(), catalogue_.models, problems);
  ASSERT_EQ(problems.Lines(), "");
  const ProviderConfig prefixed{.name = "prefixed", .type = "openai"};
  EXPECT_THAT(std::string(Message(check(prefixed, small))), HasSubstr("with other prefixes"));
}

TEST_F(RegistryTest, DimensionsAreTheModelsOwnOrAllowed) {
  const ProviderConfig openai = WellKnown("openai");
  EXPECT_EQ(registry_.ResolveDimensions(openai, "text-embedding-3-small", 0).value(), 1536);
  EXPECT_EQ(registry_.ResolveDimensions(openai, "text-embedding-3-small", 512).value(), 512);
  EXPECT_EQ(Message(registry_.ResolveDimensions(openai, "text-embedding-3-small", 4000).status()),
            "model openai/text-embedding-3-small has 1 to 1536 dimensions, not 4000");
  EXPECT_EQ(Message(registry_.ResolveDimensions(openai, "text-embedding-ada-002", 8).status()),
            "model openai/text-embedding-ada-002 has 1536 dimensions, not 8");
  EXPECT_EQ(Message(registry_.ResolveDimensions(WellKnown("shadow"), "64", 8).status()),
            "model shadow/64 has 64 dimensions, not 8");
}

TEST_F(RegistryTest, ShadowModelsNeedNoCatalogue) {
  const auto embedder = registry_.MakeEmbedder(WellKnown("shadow"), "64", 0);
  ASSERT_TRUE(embedder.ok()) << embedder.status();
  const ModelInfo& model = (*embedder)->model();
  EXPECT_EQ(model.id(), "shadow/64");
  EXPECT_EQ(model.fingerprint, "shadow/64");
  EXPECT_EQ(model.dimensions, 64);
  EXPECT_TRUE(model.is_free);
  EXPECT_TRUE(model.is_local);
  EXPECT_FALSE(registry_.MakeTokenCounter(WellKnown("shadow"), "64").value()->exact());
}

TEST_F(RegistryTest, OpenaiModelsComeFromTheCatalogue) {
  setenv("OPENAI_API_KEY", "sk-test", 1);
  ProviderConfig config = WellKnown("openai");
  config.name = "eu";
  config.options = {{"tokens_per_minute", "1000000"}, {"max_concurrency", "3"}};
  const auto embedder = registry_.MakeEmbedder(config, "text-embedding-3-large", 256);
  ASSERT_TRUE(embedder.ok()) << embedder.status();
  const ModelInfo& model = (*embedder)->model();
  EXPECT_EQ(model.id(), "eu/text-embedding-3-large");
  EXPECT_EQ(model.fingerprint, "openai/text-embedding-3-large");
  EXPECT_EQ(model.dimensions, 256);
  EXPECT_EQ(model.request.max_items, 2048);
  EXPECT_EQ(model.rate.tokens_per_minute, 1'000'000);
  EXPECT_EQ(model.rate.max_concurrency, 3);
  EXPECT_FALSE(model.is_free);
  EXPECT_FALSE(model.is_local);
  EXPECT_EQ(registry_.PriceNow(config, "text-embedding-3-large").value(), 130'000'000);
}

TEST_F(RegistryTest, WithoutAKeyTokensCanBeCountedButNothingEmbedded) {
  unsetenv("OPENAI_API_KEY");
  const ProviderConfig config = WellKnown("openai");
  const Status status = registry_.MakeEmbedder(config, "text-embedding-3-small", 0).status();
  EXPECT_EQ(status.code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(Reason(status), reason::kUnauthenticated);
  EXPECT_EQ(Message(status), "openai: no API key: environment variable OPENAI_API_KEY is not set");
  EXPECT_THAT(Remedy(status), HasSubstr("env:OPENAI_API_KEY"));
  EXPECT_TRUE(registry_.MakeTokenCounter(config, "text-embedding-3-small").value()->exact());
}

TEST_F(RegistryTest, SaysWhatIsMissing) {
  const auto missing = [&](const ProviderConfig& provider, std::string_view model) {
    return registry_.CheckReady(provider, model);
  };
  setenv("VOYAGE_API_KEY", "pa-test", 1);
  EXPECT_TRUE(missing(WellKnown("voyage"), "voyage-4").ok());
  unsetenv("VOYAGE_API_KEY");
  EXPECT_EQ(missing(WellKnown("voyage"), "voyage-4").code(), StatusCode::kUnauthenticated);
  EXPECT_TRUE(missing(WellKnown("ollama"), "bge-m3").ok());
  EXPECT_TRUE(missing(WellKnown("shadow"), "64").ok());
  EXPECT_EQ(Reason(missing(WellKnown("local"), "wordllama-256")), reason::kModelNotInstalled);
  EXPECT_EQ(missing(WellKnown("ollama"), "unknown").code(), StatusCode::kNotFound);
  const ProviderConfig vllm{.name = "vllm", .type = "openai", .base_url = "http://vllm:8000/v1"};
  EXPECT_EQ(Message(missing(vllm, "unpriced")), "no price is known for model 'vllm/unpriced'");
}

TEST_F(RegistryTest, EveryTypeMakesItsModels) {
  setenv("TEST_KEY", "k", 1);
  const std::map<std::string, std::string> models = {
      {"azure", "text-embedding-3-small"}, {"voyage", "voyage-3.5"},
      {"gemini", "gemini-embedding-2"},    {"cohere", "embed-v4.0"},
      {"ollama", "nomic-embed-text"},      {"tei", "BAAI/bge-m3"}};
  for (const auto& [type, model] : models) {
    const ProviderConfig config{.name = "mine",
                                .type = type,
                                .api_key = {"env:TEST_KEY"},
                                .base_url = "http://127.0.0.1:1",
                                .options = {{"texts_per_minute", "7"}}};
    const auto embedder = registry_.MakeEmbedder(config, model, 0);
    ASSERT_TRUE(embedder.ok()) << type << embedder.status();
    const ModelInfo& info = (*embedder)->model();
    EXPECT_EQ(info.id(), "mine/" + model);
    EXPECT_EQ(info.fingerprint, (type == "azure" ? "openai/" : type + "/") + model);
    EXPECT_EQ(info.rate.items_per_minute, 7) << type;
    EXPECT_EQ(info.is_free, type == "ollama" || type == "tei") << type;
    EXPECT_FALSE(info.is_local);
    EXPECT_EQ((*embedder)->limits().max_items, info.request.max_items);
    const ModelInfo described = registry_.DescribeModel(config, model, 0).value();
    EXPECT_EQ(described.fingerprint, info.fingerprint);
  }
}

TEST_F(RegistryTest, NothingIsGuessed) {
  const ProviderConfig vllm{.name = "vllm", .type = "openai", .base_url = "http://vllm:8000/v1"};
  const Status unknown = registry_.MakeEmbedder(vllm, "BAAI/bge-m3", 0).status();
  EXPECT_EQ(unknown.code(), StatusCode::kNotFound);
  EXPECT_EQ(Reason(unknown), reason::kModelNotFound);
  const Status unpriced = registry_.MakeEmbedder(vllm, "unpriced", 0).status();
  EXPECT_EQ(unpriced.code(), StatusCode::kNotFound);
  EXPECT_EQ(Message(unpriced), "no price is known for model 'vllm/unpriced'");
}

TEST_F(RegistryTest, AFreeServerIsFree) {
  Problems problems;
  ReadPrices("p.yaml",
             "prices: [{provider: vllm, model: '*', since: 2026-01-01, usd_per_million_tokens: 0}]",
             NoEnvironment(), catalogue_.prices, problems);
  const ProviderConfig vllm{.name = "vllm", .type = "openai", .base_url = "http://vllm:8000/v1"};
  const auto embedder = registry_.MakeEmbedder(vllm, "unpriced", 0);
  ASSERT_TRUE(embedder.ok()) << embedder.status();
  EXPECT_TRUE((*embedder)->model().is_free);
  EXPECT_FALSE((*embedder)->model().is_local);
}

TEST_F(RegistryTest, LocalModelsThatAreNotInstalled) {
  for (const char* model : {"wordllama-256", "all-minilm-l6-v2"}) {
    const Status status = registry_.MakeEmbedder(WellKnown("local"), model, 0).status();
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(Reason(status), reason::kModelNotInstalled);
    EXPECT_THAT(std::string(Message(status)),
                HasSubstr(fmt::format("model local/{} is not installed", model)));
    EXPECT_FALSE(Remedy(status).empty());
    EXPECT_EQ(Reason(registry_.MakeTokenCounter(WellKnown("local"), model).status()),
              reason::kModelNotInstalled);
  }
}

}  // namespace
}  // namespace drift
