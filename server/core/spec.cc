#include "core/spec.h"

#include <algorithm>
#include <cctype>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "base/uri.h"
#include "core/text_template.h"

namespace drift {
namespace {

std::string Hex(const Sha256Digest& digest) {
  return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

void AppendList(std::string& out, const std::vector<std::string>& list) {
  out.push_back('[');
  for (const std::string& item : list) AppendJsonString(out, item);
  out.push_back(']');
}

void AddDifference(std::string& out, std::string_view what) {
  if (!out.empty()) out += ", ";
  out += what;
}

std::string BaseName(std::string_view table) {
  while (table.ends_with('/')) table.remove_suffix(1);
  std::string out;
  for (const char c : table.substr(table.find_last_of('/') + 1)) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
    out.push_back(plain ? c : '_');
  }
  while (!out.empty() && !std::isalnum(static_cast<unsigned char>(out[0]))) out.erase(0, 1);
  return out.empty() ? "table" : out;
}

}  // namespace

std::string ContentConfigHash(const PipelineSpec& spec) {
  std::string text = "v1";
  AppendList(text, spec.key);
  AppendJsonString(text, spec.text);
  AppendList(text, spec.text_columns);
  AppendList(text, spec.where_not_null);
  AppendList(text, spec.payload);
  text += fmt::format("{}|{}|{}|{}", spec.store_text, static_cast<int>(spec.chunking.type),
                      spec.chunking.size, spec.chunking.overlap);
  return Hex(Sha256(text)).substr(0, 32);
}

std::string DescribeDifference(const PipelineSpec& before, const PipelineSpec& after) {
  std::string out;
  if (before.key != after.key) AddDifference(out, "key");
  if (before.text != after.text || before.text_columns != after.text_columns) {
    AddDifference(out, "text");
  }
  if (before.where_not_null != after.where_not_null) AddDifference(out, "where");
  if (before.payload != after.payload) AddDifference(out, "payload");
  if (before.store_text != after.store_text) AddDifference(out, "store_text");
  if (before.chunking != after.chunking) AddDifference(out, "chunking");
  return out;
}

std::string DerivedPipelineName(const PipelineSpec& spec) {
  const auto uri = ParseUri(spec.sink);
  const std::string sink = uri.ok() ? uri->ToString() : spec.sink;
  const std::string identity = spec.table + '\n' + spec.model + '\n' + sink;
  constexpr size_t kDigits = 8;
  return BaseName(spec.table) + "-" + Hex(Sha256(identity)).substr(0, kDigits);
}

StatusOr<std::vector<std::string>> ReferencedColumns(const PipelineSpec& spec) {
  std::vector<std::string> columns = spec.text_columns;
  if (!spec.text.empty()) {
    ASSIGN_OR_RETURN(const TextTemplate text, TextTemplate::Parse(spec.text));
    columns = text.columns();
  }
  columns.insert(columns.end(), spec.where_not_null.begin(), spec.where_not_null.end());
  columns.insert(columns.end(), spec.payload.begin(), spec.payload.end());
  std::vector<std::string> once;
  for (std::string& column : columns) {
    const bool is_key = std::find(spec.key.begin(), spec.key.end(), column) != spec.key.end();
    const bool seen = std::find(once.begin(), once.end(), column) != once.end();
    if (!is_key && !seen) once.push_back(std::move(column));
  }
  return once;
}

}  // namespace drift
