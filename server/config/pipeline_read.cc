#include "config/pipeline.h"

namespace drift {
namespace {

constexpr int32_t kLongestIntervalSecs = 30 * 24 * 3600;
constexpr int32_t kMostChunkTokens = 1'000'000;
constexpr int32_t kMostDimensions = 65'536;
constexpr int32_t kMostBatchSize = 100'000;
constexpr int64_t kLeastInFlightBytes = 1 << 20;

void ReadSource(const YamlValue& value, PipelineSpec& spec) {
  YamlMap source = value.Map();
  source["type"].Read(spec.source_type);
  source["table"].Read(spec.table);
  for (const auto& [key, option] : source["storage"].Map().Entries()) {
    option.Read(spec.storage[key]);
  }
  source.RefuseOthers();
}

void ReadChunking(const YamlValue& value, ChunkingSpec& spec) {
  YamlMap chunking = value.Map();
  chunking["type"].ReadWord(spec.type, {{"none", ChunkingSpec::Type::kNone},
                                        {"sentence", ChunkingSpec::Type::kSentence},
                                        {"tokens", ChunkingSpec::Type::kTokens}});
  chunking["size"].Read(spec.size, 0, kMostChunkTokens);
  chunking["overlap"].Read(spec.overlap, 0, kMostChunkTokens);
  chunking.RefuseOthers();
}

void ReadSchedule(const YamlValue& value, PipelineSpec& spec) {
  YamlMap schedule = value.Map();
  int32_t every_secs = 0;
  if (schedule["every_secs"].Read(every_secs, 1, kLongestIntervalSecs))
    spec.every_secs = every_secs;
  if (value.is_map() && !schedule["every_secs"].exists()) {
    schedule["every_secs"].Problem("is missing; leave out `schedule` to run only when asked");
  }
  schedule.RefuseOthers();
}

void ReadLimits(const YamlValue& value, PipelineLimits& limits) {
  YamlMap map = value.Map();
  map["max_in_flight_bytes"].Read(limits.max_in_flight_bytes, kLeastInFlightBytes);
  map["batch_size"].Read(limits.batch_size, 1, kMostBatchSize);
  map["max_dead_letters"].Read(limits.max_dead_letters, 0);
  map.RefuseOthers();
}

// What --shadow-mode made is printed with a mark that cannot be declared.
void RefuseShadow(const YamlValue& value) {
  bool shadow = false;
  if (value.Read(shadow) && shadow) {
    value.Problem("is made by `run --shadow-mode`; write model: shadow/DIMENSIONS");
  }
}

}  // namespace

PipelineSpec ReadPipeline(const YamlValue& value, bool as_printed) {
  PipelineSpec spec;
  YamlMap map = value.Map();
  map["name"].Read(spec.name);
  ReadSource(map["source"], spec);
  map["key"].Read(spec.key);
  map["text"].Read(spec.text);
  map["text_columns"].Read(spec.text_columns);
  YamlMap where = map["where"].Map();
  where["not_null"].Read(spec.where_not_null);
  where.RefuseOthers();
  map["payload"].Read(spec.payload);
  map["store_text"].Read(spec.store_text);
  ReadChunking(map["chunking"], spec.chunking);
  map["model"].Read(spec.model);
  map["dimensions"].Read(spec.dimensions, 0, kMostDimensions);
  map["sink"].Read(spec.sink);
  map["dedup"].Read(spec.dedup);
  int64_t since_version = 0;
  if (map["since_version"].Read(since_version, 0)) spec.since_version = since_version;
  ReadSchedule(map["schedule"], spec);
  ReadLimits(map["limits"], spec.limits);
  if (as_printed) RefuseShadow(map["shadow"]);
  map.RefuseOthers();
  return spec;
}

StatusOr<PipelineSpec> ParsePipeline(const std::string& file, std::string text,
                                     const PipelineContext& context) {
  Problems problems;
  const auto document = YamlDocument::Parse(file, std::move(text), NoEnvironment(), problems);
  if (!document) return problems.ToStatus();
  const YamlValue root = document->root(problems);
  if (!root.exists()) root.Problem("is empty; a pipeline is expected");
  if (root.is_list()) root.Problem("one pipeline is expected, not a list; apply them one by one");
  RETURN_IF_ERROR(problems.ToStatus());
  YamlMap map = root.Map();
  const YamlValue printed = map["spec"];
  const bool as_printed = printed.is_map();
  // The rest of what `pipeline get` prints is not for the user to set.
  if (as_printed) map.RefuseOthers({"spec", "origin", "pause", "create_time"});
  const YamlValue declared = as_printed ? printed : root;
  PipelineSpec spec = ReadPipeline(declared, as_printed);
  CheckPipeline(spec, context, declared);
  RETURN_IF_ERROR(problems.ToStatus());
  return spec;
}

}  // namespace drift
