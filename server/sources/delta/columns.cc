#include "sources/delta/columns.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "core/reasons.h"

namespace drift::delta {
namespace {

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::string NamesOf(const TableInfo& info) {
  constexpr size_t kMost = 20;
  std::vector<std::string_view> names;
  for (const ColumnInfo& column : info.columns) {
    if (names.size() == kMost) {
      names.emplace_back("...");
      break;
    }
    names.push_back(column.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

Status Missing(std::string_view table, const TableInfo& latest, std::string_view name,
               const TableInfo* before) {
  const ColumnInfo* old = before == nullptr ? nullptr : before->Find(name);
  if (old != nullptr) {
    const ColumnInfo* renamed = latest.FindPhysical(old->physical_name);
    if (renamed != nullptr) {
      return FailedPrecondition("{}: column '{}' was renamed to '{}' (seen at version {})", table,
                                name, renamed->name, latest.version);
    }
    return FailedPrecondition("{}: column '{}' was dropped (seen at version {})", table, name,
                              latest.version);
  }
  for (const ColumnInfo& column : latest.columns) {
    if (!EqualsIgnoringCase(column.name, name)) continue;
    return FailedPrecondition("{}: no column '{}'; did you mean '{}'? (names are case-sensitive)",
                              table, name, column.name);
  }
  return FailedPrecondition("{}: no column '{}'; it has {}", table, name, NamesOf(latest));
}

}  // namespace

std::string_view TypeClass(std::string_view delta_type) {
  if (delta_type.starts_with("decimal(")) return "decimal";
  for (const std::string_view integer : {"byte", "short", "integer", "long"}) {
    if (delta_type == integer) return "integer";
  }
  for (const std::string_view simple :
       {"string", "boolean", "float", "double", "date", "timestamp", "timestamp_ntz", "binary"}) {
    if (delta_type == simple) return simple;
  }
  return {};
}

std::vector<std::string> AllColumns(const Projection& projection) {
  std::vector<std::string> all = projection.key_columns;
  all.insert(all.end(), projection.columns.begin(), projection.columns.end());
  return all;
}

Status CheckColumns(std::string_view table, const TableInfo& latest, const Projection& projection,
                    const TableInfo* before) {
  for (const std::string& name : AllColumns(projection)) {
    if (latest.Find(name) == nullptr) {
      return WithReason(Missing(table, latest, name, before), reason::kColumnMissing);
    }
  }
  for (const std::string& name : projection.key_columns) {
    const std::string& type = latest.Find(name)->type;
    if (!TypeClass(type).empty()) continue;
    return InvalidArgument("{}: key column '{}' is of type {}; a key must be of a simple type",
                           table, name, type);
  }
  return OkStatus();
}

std::vector<std::string> MapColumns(const TableInfo& window, const TableInfo& latest,
                                    const Projection& projection) {
  std::vector<std::string> names;
  for (const std::string& name : AllColumns(projection)) {
    const ColumnInfo* now = latest.Find(name);
    const ColumnInfo* then = now == nullptr ? nullptr : window.FindPhysical(now->physical_name);
    names.push_back(then == nullptr ? "" : then->name);
  }
  return names;
}

std::map<std::string, std::string> KeyClasses(const TableInfo& window,
                                              const std::vector<std::string>& names,
                                              const Projection& projection) {
  std::map<std::string, std::string> classes;
  for (size_t i = 0; i < projection.key_columns.size(); ++i) {
    const ColumnInfo* column = names[i].empty() ? nullptr : window.Find(names[i]);
    if (column != nullptr) classes.emplace(projection.key_columns[i], TypeClass(column->type));
  }
  return classes;
}

Status CheckKeyClasses(std::string_view table, const std::map<std::string, std::string>& before,
                       const std::map<std::string, std::string>& now, int64_t version) {
  for (const auto& [name, type_class] : now) {
    const auto old = before.find(name);
    if (old == before.end() || old->second == type_class) continue;
    return WithReason(FailedPrecondition("{}: key column '{}' was of type {} and is of type {} at "
                                         "version {}; its keys no longer name the same rows",
                                         table, name, old->second, type_class, version),
                      reason::kKeyTypeChanged);
  }
  return OkStatus();
}

}  // namespace drift::delta
