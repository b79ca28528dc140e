#include "config/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time_text.h"
#include "core/reasons.h"

namespace drift {
namespace {

using ::testing::HasSubstr;

const ProviderConfig kOpenai{.name = "openai", .type = "openai"};
const ProviderConfig kLocal{.name = "local", .type = "local"};

WallTime Day(std::string_view text) {
  return ParseTime(text).value();
}

Catalogue BuiltIn() {
  Problems problems;
  Catalogue out = LoadCatalogue("", "", NoEnvironment(), problems);
  EXPECT_EQ(problems.Lines(), "");
  return out;
}

std::string ModelProblems(std::string text) {
  Problems problems;
  ModelCatalogue models;
  ReadModels("m.yaml", std::move(text), NoEnvironment(), models, problems);
  return problems.Lines();
}

std::string PriceProblems(std::string text) {
  Problems problems;
  PriceBook prices;
  ReadPrices("p.yaml", std::move(text), NoEnvironment(), prices, problems);
  return problems.Lines();
}

TEST(CatalogueTest, BuiltInModels) {
  const Catalogue catalogue = BuiltIn();
  const ModelEntry small = catalogue.models.Find(kOpenai, "text-embedding-3-small").value();
  EXPECT_EQ(small.dimensions.standard, 1536);
  EXPECT_TRUE(small.dimensions.Allows(512));
  EXPECT_FALSE(small.dimensions.Allows(1537));
  EXPECT_EQ(small.request.max_items, 2048);
  EXPECT_EQ(small.request.max_tokens, 300'000);
  EXPECT_EQ(small.request.max_item_tokens, 8192);
  EXPECT_EQ(small.request.token_rule, TokenRule::kQuarterBytes);
  EXPECT_EQ(small.tokenizer, TokenizerKind::kCl100k);

  const ModelEntry ada = catalogue.models.Find(kOpenai, "text-embedding-ada-002").value();
  EXPECT_FALSE(ada.dimensions.selectable());
  EXPECT_FALSE(ada.dimensions.Allows(512));

  const ModelEntry bge = catalogue.models.Find(kLocal, "bge-small-en-v1.5").value();
  ASSERT_TRUE(bge.local.has_value());
  EXPECT_EQ(bge.local->pooling, LocalModel::Pooling::kCls);
  EXPECT_TRUE(bge.local->one_text_per_call);
  EXPECT_EQ(bge.query_prefix, "Represent this sentence for searching relevant passages: ");
  EXPECT_EQ(bge.document_prefix, "");
  const ModelEntry e5 = catalogue.models.Find(kLocal, "e5-small-v2").value();
  EXPECT_EQ(e5.document_prefix, "passage: ");
}

TEST(CatalogueTest, EveryBuiltInModelHasAPrice) {
  const Catalogue catalogue = BuiltIn();
  for (const ModelEntry& entry : catalogue.models.entries()) {
    const ProviderConfig provider{.name = entry.provider, .type = entry.provider};
    EXPECT_TRUE(catalogue.prices.Find(provider, entry.name, Day("2026-11-20")).ok()) << entry.id();
    EXPECT_GT(entry.dimensions.standard, 0) << entry.id();
  }
  EXPECT_EQ(catalogue.prices.Find(kOpenai, "text-embedding-3-small", Day("2026-11-20"))
                ->nano_usd_per_million_tokens,
            20'000'000);
  EXPECT_EQ(
      catalogue.prices.Find(kLocal, "anything", Day("2026-11-20"))->nano_usd_per_million_tokens, 0);
}

TEST(CatalogueTest, AnUnknownModelIsNamedWithWhatWasMeant) {
  const Catalogue catalogue = BuiltIn();
  const Status status = catalogue.models.Find(kOpenai, "text-embedding-3-smal").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(Reason(status), reason::kModelNotFound);
  EXPECT_EQ(Message(status),
            "model 'openai/text-embedding-3-smal' is not in the model catalogue; did you mean "
            "'text-embedding-3-small'?");
  EXPECT_THAT(Remedy(status), HasSubstr("catalogue.models"));
}

TEST(CatalogueTest, ANameOfAUsersOwnProviderGoesBeforeItsType) {
  Catalogue catalogue = BuiltIn();
  Problems problems;
  ReadModels("m.yaml",
             "models:\n"
             "  - {provider: vllm, name: BAAI/bge-m3, dimensions: 1024, max_text_tokens: 8192}\n"
             "  - {provider: vllm, name: text-embedding-3-small, dimensions: 8}\n"
             "  - provider: openai\n"
             "    name: text-embedding-ada-002\n"
             "    dimensions: {default: 1024, choices: [256, 512]}\n",
             NoEnvironment(), catalogue.models, problems);
  ReadPrices("p.yaml",
             "prices:\n"
             "  - {provider: vllm, model: '*', since: 2026-01-01, usd_per_million_tokens: 0}\n"
             "  - {provider: openai, model: text-embedding-3-small, since: 2026-12-01,\n"
             "     usd_per_million_tokens: 0.015}\n",
             NoEnvironment(), catalogue.prices, problems);
  ASSERT_EQ(problems.Lines(), "");

  const ProviderConfig vllm{.name = "vllm", .type = "openai"};
  EXPECT_EQ(catalogue.models.Find(vllm, "BAAI/bge-m3")->dimensions.standard, 1024);
  EXPECT_EQ(catalogue.models.Find(vllm, "text-embedding-3-small")->dimensions.standard, 8);
  EXPECT_EQ(catalogue.models.Find(vllm, "text-embedding-3-large")->dimensions.standard, 3072);
  EXPECT_FALSE(catalogue.models.Find(kOpenai, "BAAI/bge-m3").ok());
  const ModelEntry replaced = catalogue.models.Find(kOpenai, "text-embedding-ada-002").value();
  EXPECT_EQ(replaced.dimensions.ToString(), "256, 512 or 1024");
  EXPECT_TRUE(replaced.dimensions.Allows(256));
  EXPECT_FALSE(replaced.dimensions.Allows(300));

  const auto price = [&](const ProviderConfig& provider, std::string_view day) {
    return catalogue.prices.Find(provider, "text-embedding-3-small", Day(day))
        ->nano_usd_per_million_tokens;
  };
  EXPECT_EQ(price(kOpenai, "2026-11-30"), 20'000'000);
  EXPECT_EQ(price(kOpenai, "2026-12-01"), 15'000'000);
  // '*' of the provider's own name goes before what stands under its type.
  EXPECT_EQ(price(vllm, "2026-12-01"), 0);
  EXPECT_EQ(
      catalogue.prices.Find(vllm, "BAAI/bge-m3", Day("2026-12-01"))->nano_usd_per_million_tokens,
      0);
}

TEST(CatalogueTest, APriceIsNeverGuessed) {
  const Catalogue catalogue = BuiltIn();
  const Status before =
      catalogue.prices.Find(kOpenai, "text-embedding-3-small", Day("2024-01-24")).status();
  EXPECT_EQ(before.code(), StatusCode::kNotFound);
  EXPECT_EQ(Message(before), "no price is known for model 'openai/text-embedding-3-small'");
  EXPECT_THAT(Remedy(before), HasSubstr("catalogue.prices"));
}

TEST(CatalogueTest, WrongModelsAreReportedAllAtOnce) {
  EXPECT_EQ(ModelProblems("models:\n"
                          "  - {provider: x, name: y}\n"
                          "  - {provider: x, name: z, dimensions: 0}\n"
                          "  - {provider: x, name: w, dimensions: {default: 8, min: 4}}\n"
                          "  - {provider: x, name: v, dimensions: {default: 8, min: 4, max: 6}}\n"
                          "  - {provider: x, name: u, dimensions: 8, tokenizer: model_file}\n"
                          "  - {provider: x, name: t, dimensions: 8, tokeniser: estimate}\n"
                          "  - {provider: x, name: t, dimensions: 8}\n"),
            "m.yaml:2:5: models[0]: has no dimensions: how many numbers a vector of the model has "
            "is never guessed\n"
            "m.yaml:3:40: models[1].dimensions: must be between 1 and 65536, not '0'\n"
            "m.yaml:4:40: models[2].dimensions: min and max go together\n"
            "m.yaml:5:50: models[3].dimensions.default: is outside of min and max\n"
            "m.yaml:6:54: models[4].tokenizer: model_file is for models with a local section\n"
            "m.yaml:7:43: models[5]: unknown key 'tokeniser'; did you mean 'tokenizer'?\n"
            "m.yaml:8:5: models[6]: x/t stands here twice");
}

TEST(CatalogueTest, WrongLocalModels) {
  EXPECT_EQ(ModelProblems("models:\n"
                          "  - provider: local\n"
                          "    name: y\n"
                          "    dimensions: 8\n"
                          "    local:\n"
                          "      kind: statik\n"
                          "      weights: w\n"
                          "      weights_sha256: abc\n"
                          "      pooling: cls\n"),
            "m.yaml:6:7: models[0].local.tokenizer: is missing\n"
            "m.yaml:6:13: models[0].local.kind: unknown value 'statik'; did you mean 'static'?\n"
            "m.yaml:8:23: models[0].local.weights_sha256: must be 64 lower-case hex digits\n"
            "m.yaml:9:16: models[0].local.pooling: is for onnx models");
}

TEST(CatalogueTest, WrongPrices) {
  EXPECT_EQ(PriceProblems("prices:\n"
                          "  - {provider: x, model: y, since: soon, usd_per_million_tokens: -1}\n"
                          "  - {provider: x, model: z, usd_per_million_tokens: 1}\n"
                          "  - {provider: x, model: w, since: 2026-01-01}\n"),
            "p.yaml:2:36: prices[0].since: must be a day, like 2026-11-20\n"
            "p.yaml:2:66: prices[0].usd_per_million_tokens: must be between 0 and 1000, not '-1'\n"
            "p.yaml:3:5: prices[1].since: is missing\n"
            "p.yaml:4:5: prices[2].usd_per_million_tokens: is missing");
}

TEST(CatalogueTest, AMissingFileIsNamed) {
  Problems problems;
  LoadCatalogue("/nowhere/models.yaml", "", NoEnvironment(), problems);
  EXPECT_EQ(problems.Lines(), "/nowhere/models.yaml:1:1: No such file or directory");
}

TEST(CostTest, IsRoundedUpAndNeverOverflows) {
  EXPECT_EQ(CostOf(0, 20'000'000), 0);
  EXPECT_EQ(CostOf(1, 20'000'000), 20);
  EXPECT_EQ(CostOf(1, 1), 1);
  EXPECT_EQ(CostOf(1'000'001, 1), 2);
  EXPECT_EQ(CostOf(1'000'000'000'000, 180'000'000), 180'000'000'000'000);
  EXPECT_EQ(CostOf(7, 0), 0);
}

}  // namespace
}  // namespace drift
