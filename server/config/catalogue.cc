#include "config/catalogue.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/text_file.h"
#include "base/time_text.h"

namespace drift {

// The texts of config/models.yaml and config/prices.yaml.
extern const std::string_view kBuiltInModels;
extern const std::string_view kBuiltInPrices;

namespace {

constexpr int32_t kLargestDimension = 65'536;
constexpr double kDearestUsd = 1000;  // per million tokens; above it is a slip of the pen
constexpr double kNanosPerUsd = 1e9;
constexpr size_t kSha256Digits = 64;

void RequireText(YamlMap& map, std::string_view key, std::string& out) {
  const YamlValue value = map.Require(key);
  if (value.Read(out) && out.empty()) value.Problem("must not be empty");
}

void ReadDimensions(const YamlValue& value, DimensionRule& rule) {
  if (!value.is_map()) {
    value.Read(rule.standard, 1, kLargestDimension);
    return;
  }
  YamlMap map = value.Map();
  map.Require("default").Read(rule.standard, 1, kLargestDimension);
  const YamlValue min = map["min"];
  const YamlValue max = map["max"];
  const YamlValue choices = map["choices"];
  min.Read(rule.min, 1, kLargestDimension);
  max.Read(rule.max, 1, kLargestDimension);
  for (const YamlValue& item : choices.List()) {
    int32_t choice = 0;
    if (item.Read(choice, 1, kLargestDimension)) rule.choices.push_back(choice);
  }
  if (min.exists() != max.exists()) value.Problem("min and max go together");
  if (min.exists() && choices.exists()) value.Problem("has both a range and choices");
  if (rule.max > 0 && rule.min > rule.max) min.Problem("is above max");
  if (rule.max > 0 && (rule.standard < rule.min || rule.standard > rule.max)) {
    map["default"].Problem("is outside of min and max");
  }
  map.RefuseOthers();
}

void ReadRequest(const YamlValue& value, RequestLimits& limits) {
  YamlMap map = value.Map();
  map["max_texts"].Read(limits.max_items, 1);
  map["max_tokens"].Read(limits.max_tokens, 1);
  map["max_bytes"].Read(limits.max_bytes, 1);
  map["token_rule"].ReadWord(limits.token_rule, {{"tokens", TokenRule::kTokens},
                                                 {"quarter_bytes", TokenRule::kQuarterBytes}});
  map.RefuseOthers();
}

void ReadRate(const YamlValue& value, RateLimits& rate) {
  YamlMap map = value.Map();
  map["requests_per_minute"].Read(rate.requests_per_minute, 1);
  map["tokens_per_minute"].Read(rate.tokens_per_minute, 1);
  map["texts_per_minute"].Read(rate.items_per_minute, 1);
  map.RefuseOthers();
}

void ReadInput(const YamlValue& value, std::string& prefix, std::string& type) {
  YamlMap map = value.Map();
  map["prefix"].Read(prefix);
  map["type"].Read(type);
  map.RefuseOthers();
}

void ReadSha256(const YamlValue& value, std::string& out) {
  if (!value.Read(out)) return;
  const bool hex = out.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (out.size() != kSha256Digits || !hex) value.Problem("must be 64 lower-case hex digits");
}

LocalModel ReadLocal(const YamlValue& value) {
  LocalModel local;
  YamlMap map = value.Map();
  map.Require("kind").ReadWord(
      local.kind, {{"static", LocalModel::Kind::kStatic}, {"onnx", LocalModel::Kind::kOnnx}});
  RequireText(map, "weights", local.weights);
  RequireText(map, "tokenizer", local.tokenizer);
  ReadSha256(map["weights_sha256"], local.weights_sha256);
  ReadSha256(map["tokenizer_sha256"], local.tokenizer_sha256);
  const bool has_pooling = map["pooling"].ReadWord(
      local.pooling, {{"mean", LocalModel::Pooling::kMean}, {"cls", LocalModel::Pooling::kCls}});
  if (has_pooling && local.kind == LocalModel::Kind::kStatic) {
    map["pooling"].Problem("is for onnx models");
  }
  map["one_text_per_call"].Read(local.one_text_per_call);
  map.RefuseOthers();
  return local;
}

ModelEntry ReadModel(const YamlValue& value) {
  ModelEntry entry;
  YamlMap map = value.Map();
  RequireText(map, "provider", entry.provider);
  RequireText(map, "name", entry.name);
  const YamlValue dimensions = map["dimensions"];
  if (dimensions.exists()) {
    ReadDimensions(dimensions, entry.dimensions);
  } else {
    value.Problem("has no dimensions: how many numbers a vector of the model has is never guessed");
  }
  map["max_text_tokens"].Read(entry.request.max_item_tokens, 1);
  ReadRequest(map["request"], entry.request);
  ReadRate(map["rate"], entry.rate);
  const YamlValue tokenizer = map["tokenizer"];
  tokenizer.ReadWord(entry.tokenizer, {{"cl100k_base", TokenizerKind::kCl100k},
                                       {"o200k_base", TokenizerKind::kO200k},
                                       {"model_file", TokenizerKind::kModelFile},
                                       {"estimate", TokenizerKind::kEstimate}});
  ReadInput(map["document"], entry.document_prefix, entry.document_type);
  ReadInput(map["query"], entry.query_prefix, entry.query_type);
  if (map["local"].exists()) entry.local = ReadLocal(map["local"]);
  if (entry.tokenizer == TokenizerKind::kModelFile && !entry.local) {
    tokenizer.Problem("model_file is for models with a local section");
  }
  map.RefuseOthers();
  return entry;
}

// A day as people write it, or a time.
void ReadSince(const YamlValue& value, WallTime& out) {
  std::string text;
  if (!value.Read(text)) return;
  const auto time = ParseTime(text);
  if (time.ok()) {
    out = *time;
  } else {
    value.Problem("must be a day, like 2026-11-20");
  }
}

Price ReadPrice(const YamlValue& value) {
  Price price;
  YamlMap map = value.Map();
  RequireText(map, "provider", price.provider);
  RequireText(map, "model", price.model);
  ReadSince(map.Require("since"), price.since);
  double usd = 0;
  map.Require("usd_per_million_tokens").Read(usd, 0, kDearestUsd);
  price.nano_usd_per_million_tokens = std::llround(usd * kNanosPerUsd);
  map.RefuseOthers();
  return price;
}

template <typename F>
void ReadList(const std::string& file, std::string text, std::string_view key,
              const EnvLookup& environment, Problems& problems, F read) {
  const auto document = YamlDocument::Parse(file, std::move(text), environment, problems);
  if (!document) return;
  YamlMap root = document->root(problems).Map();
  std::vector<std::string> seen;
  for (const YamlValue& item : root.Require(key).List()) {
    const std::string id = read(item);
    if (std::find(seen.begin(), seen.end(), id) != seen.end()) {
      item.Problem(fmt::format("{} stands here twice", id));
    }
    seen.push_back(id);
  }
  root.RefuseOthers();
}

template <typename F>
void ReadUserFile(const std::string& path, Problems& problems, F read) {
  if (path.empty()) return;
  auto text = ReadTextFile(path);
  if (text.ok()) {
    read(std::move(*text));
  } else {
    // The message starts with the path, which stands before it anyway.
    problems.Add(path, {}, "", Message(text.status()).substr(path.size() + 2));
  }
}

}  // namespace

void ReadModels(const std::string& file, std::string text, const EnvLookup& environment,
                ModelCatalogue& models, Problems& problems) {
  ReadList(file, std::move(text), "models", environment, problems, [&](const YamlValue& item) {
    ModelEntry entry = ReadModel(item);
    std::string id = entry.id();
    models.Add(std::move(entry));
    return id;
  });
}

void ReadPrices(const std::string& file, std::string text, const EnvLookup& environment,
                PriceBook& prices, Problems& problems) {
  ReadList(file, std::move(text), "prices", environment, problems, [&](const YamlValue& item) {
    const Price price = ReadPrice(item);
    prices.Add(price);
    return fmt::format("the price of {}/{} since {}", price.provider, price.model,
                       FormatTime(price.since).substr(0, std::string_view("2026-11-20").size()));
  });
}

Catalogue LoadCatalogue(const std::string& models_path, const std::string& prices_path,
                        const EnvLookup& environment, Problems& problems) {
  Catalogue out;
  ReadModels("models.yaml (built in)", std::string(kBuiltInModels), NoEnvironment(), out.models,
             problems);
  ReadPrices("prices.yaml (built in)", std::string(kBuiltInPrices), NoEnvironment(), out.prices,
             problems);
  ReadUserFile(models_path, problems, [&](std::string text) {
    ReadModels(models_path, std::move(text), environment, out.models, problems);
  });
  ReadUserFile(prices_path, problems, [&](std::string text) {
    ReadPrices(prices_path, std::move(text), environment, out.prices, problems);
  });
  return out;
}

}  // namespace drift
