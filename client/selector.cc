#include "client/selector.h"

#include <fmt/core.h>

#include <filesystem>
#include <random>

namespace drift::client {
namespace {

void SetColumns(const std::vector<std::string>& from, drift::v1::ColumnList* to) {
  for (const std::string& column : from) to->add_columns(column);
}

bool HasFlags(const SelectorOptions& options) {
  return options.table || options.text || !options.text_columns.empty() || !options.key.empty() ||
         options.model || options.sink || !options.payload.empty() || options.batch_size ||
         options.no_dedup || options.shadow_mode || options.since_version;
}

}  // namespace

bool NamesNothing(const SelectorOptions& options) {
  return options.pipeline.empty() && !HasFlags(options);
}

std::string AbsoluteTable(const std::string& table, const std::string& working_directory) {
  if (table.empty() || table.find("://") != std::string::npos) return table;
  const std::filesystem::path path = std::filesystem::path(working_directory) / table;
  std::string absolute = path.lexically_normal().string();
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return absolute;
}

drift::v1::RunSelector MakeSelector(const SelectorOptions& options,
                                    const std::string& working_directory) {
  drift::v1::RunSelector selector;
  selector.set_pipeline(options.pipeline);
  if (!HasFlags(options)) return selector;
  drift::v1::RunFlags& flags = *selector.mutable_flags();
  if (options.table) flags.set_table(AbsoluteTable(*options.table, working_directory));
  if (options.text) flags.set_text(*options.text);
  if (!options.text_columns.empty()) {
    SetColumns(options.text_columns, flags.mutable_text_columns());
  }
  if (!options.key.empty()) SetColumns(options.key, flags.mutable_key());
  if (options.model) flags.set_model(*options.model);
  if (options.sink) flags.set_sink(*options.sink);
  if (!options.payload.empty()) SetColumns(options.payload, flags.mutable_payload());
  if (options.batch_size) flags.set_batch_size(*options.batch_size);
  if (options.no_dedup) flags.set_dedup(false);
  if (options.shadow_mode) flags.set_shadow_mode(true);
  if (options.since_version) flags.set_since_version(*options.since_version);
  return selector;
}

std::string Unescaped(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    const char meant = next == 'n' ? '\n' : next == 't' ? '\t' : next == '\\' ? '\\' : '\0';
    out += meant == '\0' ? text[i] : meant;
    if (meant != '\0') ++i;
  }
  return out;
}

std::string NewRequestId() {
  std::random_device random;
  return fmt::format("driftctl-{:08x}{:08x}{:08x}", random(), random(), random());
}

}  // namespace drift::client
