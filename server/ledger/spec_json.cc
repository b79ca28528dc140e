#include "ledger/spec_json.h"

#include "base/json_text.h"
#include "net/json.h"

namespace drift::ledger {
namespace {

constexpr std::string_view kChunkingTypes[] = {"none", "sentence", "tokens"};

class Writer {
 public:
  void Name(std::string_view name) {
    if (out_.back() != '{') out_.push_back(',');
    AppendJsonString(out_, name);
    out_.push_back(':');
  }
  void Text(std::string_view name, std::string_view value) {
    Name(name);
    AppendJsonString(out_, value);
  }
  void Int(std::string_view name, int64_t value) {
    Name(name);
    out_ += std::to_string(value);
  }
  void Bool(std::string_view name, bool value) {
    Name(name);
    out_ += value ? "true" : "false";
  }
  void List(std::string_view name, const std::vector<std::string>& values) {
    Name(name);
    out_.push_back('[');
    for (const std::string& value : values) {
      if (out_.back() != '[') out_.push_back(',');
      AppendJsonString(out_, value);
    }
    out_.push_back(']');
  }
  void Begin(std::string_view name) {
    Name(name);
    out_.push_back('{');
  }
  void End() { out_.push_back('}'); }
  std::string Take() && { return std::move(out_) + "}"; }

 private:
  std::string out_ = "{";
};

void ReadText(const JsonView& object, std::string_view name, std::string& out) {
  const auto member = object.Find(name);
  if (member && member->is_string()) out = *member->String();
}

void ReadBool(const JsonView& object, std::string_view name, bool& out) {
  out = object.GetBool(name).value_or(out);
}

template <typename Int>
void ReadInt(const JsonView& object, std::string_view name, Int& out) {
  const auto value = object.GetInt(name);
  if (value.ok()) out = static_cast<Int>(*value);
}

template <typename Int>
void ReadInt(const JsonView& object, std::string_view name, std::optional<Int>& out) {
  const auto value = object.GetInt(name);
  if (value.ok()) out = static_cast<Int>(*value);
}

void ReadList(const JsonView& object, std::string_view name, std::vector<std::string>& out) {
  const auto list = object.Find(name);
  if (!list || !list->is_array()) return;
  for (size_t i = 0; i < list->size(); ++i) {
    const auto text = (*list)[i].String();
    if (text.ok()) out.emplace_back(*text);
  }
}

void ReadChunking(const JsonView& object, ChunkingSpec& chunking) {
  const std::string_view type = object.FindString("type");
  for (size_t i = 0; i < std::size(kChunkingTypes); ++i) {
    if (kChunkingTypes[i] == type) chunking.type = static_cast<ChunkingSpec::Type>(i);
  }
  ReadInt(object, "size", chunking.size);
  ReadInt(object, "overlap", chunking.overlap);
}

void ReadLimits(const JsonView& object, PipelineLimits& limits) {
  ReadInt(object, "max_in_flight_bytes", limits.max_in_flight_bytes);
  ReadInt(object, "batch_size", limits.batch_size);
  ReadInt(object, "max_dead_letters", limits.max_dead_letters);
}

}  // namespace

std::string SpecToJson(const PipelineSpec& spec) {
  Writer json;
  json.Text("name", spec.name);
  json.Text("source_type", spec.source_type);
  json.Text("table", spec.table);
  json.Begin("storage");
  for (const auto& [name, value] : spec.storage) json.Text(name, value);
  json.End();
  json.List("key", spec.key);
  json.Text("text", spec.text);
  json.List("text_columns", spec.text_columns);
  json.List("where_not_null", spec.where_not_null);
  json.List("payload", spec.payload);
  json.Bool("store_text", spec.store_text);
  json.Begin("chunking");
  json.Text("type", kChunkingTypes[static_cast<size_t>(spec.chunking.type)]);
  json.Int("size", spec.chunking.size);
  json.Int("overlap", spec.chunking.overlap);
  json.End();
  json.Text("model", spec.model);
  json.Int("dimensions", spec.dimensions);
  json.Bool("shadow", spec.shadow);
  json.Text("sink", spec.sink);
  json.Bool("dedup", spec.dedup);
  if (spec.since_version) json.Int("since_version", *spec.since_version);
  if (spec.every_secs) json.Int("every_secs", *spec.every_secs);
  json.Begin("limits");
  json.Int("max_in_flight_bytes", spec.limits.max_in_flight_bytes);
  json.Int("batch_size", spec.limits.batch_size);
  json.Int("max_dead_letters", spec.limits.max_dead_letters);
  json.End();
  return std::move(json).Take();
}

StatusOr<PipelineSpec> SpecFromJson(std::string_view text) {
  const auto document = JsonDocument::Parse(text);
  if (!document.ok() || !document->root().is_object()) {
    return DataLoss("the ledger's specification of a pipeline cannot be read");
  }
  const JsonView root = document->root();
  PipelineSpec spec;
  ReadText(root, "name", spec.name);
  ReadText(root, "source_type", spec.source_type);
  ReadText(root, "table", spec.table);
  if (const auto storage = root.Find("storage")) {
    for (const std::string_view name : storage->Names()) {
      ReadText(*storage, name, spec.storage[std::string(name)]);
    }
  }
  ReadList(root, "key", spec.key);
  ReadText(root, "text", spec.text);
  ReadList(root, "text_columns", spec.text_columns);
  ReadList(root, "where_not_null", spec.where_not_null);
  ReadList(root, "payload", spec.payload);
  ReadBool(root, "store_text", spec.store_text);
  if (const auto chunking = root.Find("chunking")) ReadChunking(*chunking, spec.chunking);
  ReadText(root, "model", spec.model);
  ReadInt(root, "dimensions", spec.dimensions);
  ReadBool(root, "shadow", spec.shadow);
  ReadText(root, "sink", spec.sink);
  ReadBool(root, "dedup", spec.dedup);
  ReadInt(root, "since_version", spec.since_version);
  ReadInt(root, "every_secs", spec.every_secs);
  if (const auto limits = root.Find("limits")) ReadLimits(*limits, spec.limits);
  return spec;
}

}  // namespace drift::ledger
