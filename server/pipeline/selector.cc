#include "pipeline/selector.h"

#include <algorithm>

#include "base/suggest.h"

namespace drift {
namespace {

constexpr char kDefaultKey[] = "id";

std::string Join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

bool Has(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

PipelineSpec WithFlags(PipelineSpec spec, const RunFlags& flags) {
  if (flags.table) spec.table = *flags.table;
  if (flags.text) {
    spec.text = *flags.text;
    spec.text_columns.clear();
  }
  if (flags.text_columns) {
    spec.text_columns = *flags.text_columns;
    spec.text.clear();
  }
  if (flags.key) spec.key = *flags.key;
  if (flags.model) spec.model = *flags.model;
  if (flags.sink) spec.sink = *flags.sink;
  if (flags.payload) spec.payload = *flags.payload;
  if (flags.batch_size) spec.limits.batch_size = *flags.batch_size;
  if (flags.dedup) spec.dedup = *flags.dedup;
  if (flags.shadow_mode) spec.shadow = *flags.shadow_mode;
  if (flags.since_version) spec.since_version = *flags.since_version;
  return spec;
}

StatusOr<PipelineSpec> SpecFromFlags(const RunFlags& flags) {
  if (!flags.table || flags.table->empty()) {
    return InvalidArgument("--table is missing; or name a pipeline with --pipeline");
  }
  if (!flags.sink || flags.sink->empty()) return InvalidArgument("--sink is missing");
  const bool has_columns = flags.text_columns && !flags.text_columns->empty();
  const bool has_text = flags.text && !flags.text->empty();
  if (has_columns && has_text) return InvalidArgument("--text and --text-col exclude each other");
  if (!has_columns && !has_text) {
    return InvalidArgument("--text-col is missing (or --text with a template)");
  }
  PipelineSpec spec;
  spec.model = kDefaultModel;
  return WithFlags(std::move(spec), flags);
}

std::string DifferingFlags(const PipelineSpec& spec, const RunFlags& flags,
                           const PipelineSpec& given) {
  std::vector<std::string> names;
  const auto compare = [&](bool is_given, bool equal, const char* name) {
    if (is_given && !equal) names.emplace_back(name);
  };
  compare(flags.table.has_value(), spec.table == given.table, "--table");
  compare(flags.text.has_value(), spec.text == given.text, "--text");
  compare(flags.text_columns.has_value(), spec.text_columns == given.text_columns, "--text-col");
  compare(flags.key.has_value(), spec.key == given.key, "--key");
  compare(flags.model.has_value(), spec.model == given.model, "--model");
  compare(flags.sink.has_value(), spec.sink == given.sink, "--sink");
  compare(flags.payload.has_value(), spec.payload == given.payload, "--payload");
  return Join(names);
}

Status ResolveColumns(PipelineSpec& spec, const std::vector<std::string>& table_columns) {
  if (spec.key.empty()) {
    if (!Has(table_columns, kDefaultKey)) {
      return InvalidArgument("{}: no column 'id'; name the key with --key (the table has: {})",
                             spec.table, Join(table_columns));
    }
    spec.key = {kDefaultKey};
  }
  ASSIGN_OR_RETURN(std::vector<std::string> needed, ReferencedColumns(spec));
  needed.insert(needed.begin(), spec.key.begin(), spec.key.end());
  for (const std::string& column : needed) {
    if (Has(table_columns, column)) continue;
    const std::string near = NearestWord(column, table_columns);
    if (near.empty()) {
      return InvalidArgument("{}: no column '{}'; the table has: {}", spec.table, column,
                             Join(table_columns));
    }
    return InvalidArgument("{}: no column '{}'; did you mean '{}'? (names are case-sensitive)",
                           spec.table, column, near);
  }
  return OkStatus();
}

}  // namespace drift
