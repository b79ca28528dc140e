#include <algorithm>
#include <cmath>

#include "base/suggest.h"
#include "config/sections.h"

namespace drift::config_internal {
namespace {

constexpr double kNanosPerUsd = 1e9;
constexpr double kLargestUsd = 1e9;  // in nano-dollars still far from the limit of int64
constexpr std::string_view kPipelineScope = "pipeline/";
constexpr std::string_view kProviderScope = "provider/";

std::vector<std::string> PipelineNames(const Config& config) {
  std::vector<std::string> names;
  for (const PipelineSpec& pipeline : config.pipelines) names.push_back(pipeline.name);
  return names;
}

std::vector<std::string> ProviderNames(const Config& config, const ConfigChecks& checks) {
  std::vector<std::string> names;
  for (const ProviderConfig& provider : config.providers) names.push_back(provider.name);
  for (const ProviderConfig& provider : checks.well_known_providers) {
    if (std::find(names.begin(), names.end(), provider.name) == names.end()) {
      names.push_back(provider.name);
    }
  }
  return names;
}

bool ReadScope(const YamlValue& value, const Config& config, const ConfigChecks& checks,
               BudgetConfig& budget) {
  std::string scope;
  if (!value.Read(scope)) return false;
  const bool is_pipeline = scope.starts_with(kPipelineScope);
  if (!is_pipeline && !scope.starts_with(kProviderScope)) {
    value.Problem(fmt::format("must be pipeline/NAME or provider/NAME, not {}", value.Shown()));
    return false;
  }
  budget.scope = is_pipeline ? BudgetConfig::Scope::kPipeline : BudgetConfig::Scope::kProvider;
  budget.name = scope.substr(is_pipeline ? kPipelineScope.size() : kProviderScope.size());
  const auto known = is_pipeline ? PipelineNames(config) : ProviderNames(config, checks);
  if (std::find(known.begin(), known.end(), budget.name) != known.end()) return true;
  value.Problem(fmt::format("there is no {} '{}'{}", is_pipeline ? "pipeline" : "provider",
                            budget.name, DidYouMean(budget.name, known)));
  return false;
}

void ReadLimit(const YamlValue& value, BudgetConfig::Period period, BudgetConfig budget,
               std::vector<BudgetConfig>& budgets) {
  double usd = 0;
  if (!value.Read(usd, 0, kLargestUsd)) return;
  budget.period = period;
  budget.limit = std::llround(usd * kNanosPerUsd);
  budgets.push_back(std::move(budget));
}

}  // namespace

void ReadBudgets(const YamlValue& value, const ConfigChecks& checks, Config& config) {
  for (const YamlValue& item : value.List()) {
    BudgetConfig budget;
    YamlMap map = item.Map();
    const bool scope_is_fine = ReadScope(map.Require("scope"), config, checks, budget);
    const YamlValue per_day = map["usd_per_day"];
    const YamlValue per_month = map["usd_per_month"];
    map["soft"].Read(budget.soft_share, 0, 1);
    if (!per_day.exists() && !per_month.exists()) {
      item.Problem("has no limit; write usd_per_day or usd_per_month");
    }
    std::vector<BudgetConfig> read;
    ReadLimit(per_day, BudgetConfig::Period::kDay, budget, read);
    ReadLimit(per_month, BudgetConfig::Period::kMonth, budget, read);
    for (BudgetConfig& one : read) {
      const auto same = [&](const BudgetConfig& other) {
        return other.scope == one.scope && other.name == one.name && other.period == one.period;
      };
      if (!scope_is_fine) continue;
      if (std::any_of(config.budgets.begin(), config.budgets.end(), same)) {
        map["scope"].Problem(
            fmt::format("{} has a budget of that period already", map["scope"].Shown()));
      }
      config.budgets.push_back(std::move(one));
    }
    map.RefuseOthers();
  }
}

}  // namespace drift::config_internal
