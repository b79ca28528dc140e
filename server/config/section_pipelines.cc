#include "config/pipeline.h"
#include "config/sections.h"

namespace drift::config_internal {
namespace {

// Two pipelines may share a collection of equal model and dimensions; vectors of two models never
// mix.
void CheckSharing(const YamlValue& value, const PipelineSpec& spec,
                  const std::vector<PipelineSpec>& earlier) {
  for (const PipelineSpec& other : earlier) {
    if (spec.sink.empty() || other.sink != spec.sink) continue;
    if (other.model == spec.model && other.dimensions == spec.dimensions) continue;
    value.At("sink").Problem(
        fmt::format("pipeline '{}' writes vectors of {} here; those of {} need another collection",
                    other.name, other.model, spec.model));
    return;
  }
}

}  // namespace

void ReadPipelines(const YamlValue& value, const ConfigChecks& checks, Config& config) {
  const PipelineContext context{checks, config.providers};
  std::vector<YamlValue> names;
  for (const YamlValue& item : value.List()) {
    if (!item.exists()) {
      item.Problem("is empty; a pipeline is expected");
      continue;
    }
    PipelineSpec spec = ReadPipeline(item);
    CheckPipeline(spec, context, item);
    const YamlValue name = item.At("name");
    for (size_t i = 0; i < config.pipelines.size(); ++i) {
      if (spec.name.empty() || config.pipelines[i].name != spec.name) continue;
      name.Problem(fmt::format("pipeline {} is declared twice; the first is in line {}",
                               name.Shown(), names[i].place().line));
      break;
    }
    CheckSharing(item, spec, config.pipelines);
    config.pipelines.push_back(std::move(spec));
    names.push_back(name);
  }
}

}  // namespace drift::config_internal
