#include "config/config.h"

#include "base/text_file.h"
#include "config/sections.h"

namespace drift {
namespace {

void ReadSections(const YamlValue& root, const ConfigChecks& checks, Config& config) {
  using namespace config_internal;  // NOLINT: the sections, and nothing else
  YamlMap map = root.Map();
  ReadServer(map["server"], config.server);
  ReadLedger(map["ledger"], checks, config.ledger);
  ReadLog(map["log"], config.log);
  ReadCatalogue(map["catalogue"], checks, config.catalogue);
  ReadProviders(map["providers"], checks, config.providers);
  ReadPipelines(map["pipelines"], checks, config);
  ReadBudgets(map["budgets"], checks, config);
  map.RefuseOthers();
}

}  // namespace

Config ParseConfig(const std::string& file, std::string text, const EnvLookup& environment,
                   const ConfigChecks& checks, Problems& problems) {
  Config config;
  const auto document = YamlDocument::Parse(file, std::move(text), environment, problems);
  if (!document) return config;
  ReadSections(document->root(problems), checks, config);
  return config;
}

Config LoadConfig(const std::string& path, const EnvLookup& environment, const ConfigChecks& checks,
                  Problems& problems) {
  std::string file = path;
  if (file.empty() && environment != nullptr) file = environment("DRIFT_CONFIG").value_or("");
  Config config;
  if (!file.empty()) {
    auto text = ReadTextFile(file);
    if (!text.ok()) {
      std::string_view why = Message(text.status());
      if (why.starts_with(file + ": ")) why.remove_prefix(file.size() + 2);
      problems.Add(file, Place{0, 0}, "", fmt::format("cannot be read: {}", why));
      return config;
    }
    config = ParseConfig(file, *std::move(text), environment, checks, problems);
  }
  config_internal::ApplyEnvironment(environment, checks, config, problems);
  if (config.ledger.url.empty()) {
    const auto defaults = DefaultConfig(environment);
    if (defaults.ok()) {
      config.ledger = defaults->ledger;
    } else {
      problems.Add(file.empty() ? "environment" : file, Place{0, 0}, "ledger.url",
                   Message(defaults.status()));
    }
  }
  return config;
}

}  // namespace drift
