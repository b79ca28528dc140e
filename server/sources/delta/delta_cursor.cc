#include "sources/delta/delta_cursor.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "net/json.h"

namespace drift::delta {
namespace {

constexpr int64_t kFormat = 1;
constexpr std::string_view kSnapshotWord = "snapshot";
constexpr std::string_view kAtWord = "at";

void AppendMember(std::string& out, std::string_view name, std::string_view value) {
  out.push_back(',');
  AppendJsonString(out, name);
  out.push_back(':');
  AppendJsonString(out, value);
}

std::string KeysJson(const std::map<std::string, std::string>& keys) {
  std::string out;
  for (const auto& [name, type_class] : keys) AppendMember(out, name, type_class);
  return "{" + (out.empty() ? out : out.substr(1)) + "}";
}

Status CheckFormat(const JsonView& root) {
  ASSIGN_OR_RETURN(const int64_t format, root.GetInt("format"));
  if (format == kFormat) return OkStatus();
  return InvalidArgument("format {} is of a later release; this one knows {}", format, kFormat);
}

Status ReadKeys(const JsonView& root, DeltaCursor& cursor) {
  ASSIGN_OR_RETURN(const JsonView keys, root.Get("keys"));
  RETURN_IF_ERROR(keys.CheckObject());
  for (const std::string_view name : keys.Names()) {
    ASSIGN_OR_RETURN(const std::string_view type_class, keys.GetString(name));
    cursor.keys.emplace(name, type_class);
  }
  return OkStatus();
}

Status ReadPlace(const JsonView& root, DeltaCursor& cursor) {
  ASSIGN_OR_RETURN(const std::string_view phase, root.GetString("phase"));
  ASSIGN_OR_RETURN(cursor.version, root.GetInt("version"));
  if (phase == kAtWord) {
    if (cursor.version < -1) return InvalidArgument("version {}", cursor.version);
    return OkStatus();
  }
  if (phase != kSnapshotWord) return InvalidArgument("unknown phase");
  cursor.phase = DeltaCursor::Phase::kSnapshot;
  ASSIGN_OR_RETURN(cursor.file, root.GetInt("file"));
  if (cursor.version < 0 || cursor.file < 0) {
    return InvalidArgument("version {}, file {}", cursor.version, cursor.file);
  }
  return OkStatus();
}

StatusOr<DeltaCursor> Read(const JsonView& root) {
  RETURN_IF_ERROR(CheckFormat(root));
  DeltaCursor cursor;
  RETURN_IF_ERROR(ReadPlace(root, cursor));
  ASSIGN_OR_RETURN(cursor.table_id, root.GetString("table_id"));
  ASSIGN_OR_RETURN(cursor.commit, root.GetString("commit"));
  ASSIGN_OR_RETURN(cursor.feed, root.GetBool("feed"));
  RETURN_IF_ERROR(ReadKeys(root, cursor));
  return cursor;
}

}  // namespace

Cursor ToCursor(const DeltaCursor& cursor) {
  const bool snapshot = cursor.phase == DeltaCursor::Phase::kSnapshot;
  std::string out = fmt::format(R"({{"format":{},"phase":"{}","version":{})", kFormat,
                                snapshot ? kSnapshotWord : kAtWord, cursor.version);
  if (snapshot) out += fmt::format(R"(,"file":{})", cursor.file);
  AppendMember(out, "table_id", cursor.table_id);
  AppendMember(out, "commit", cursor.commit);
  out += fmt::format(R"(,"feed":{},"keys":{}}})", cursor.feed, KeysJson(cursor.keys));
  return Cursor{std::move(out)};
}

StatusOr<DeltaCursor> ParseCursor(const Cursor& cursor) {
  StatusOr<JsonDocument> document = JsonDocument::Parse(cursor.token);
  if (!document.ok()) return Annotate(document.status(), "the cursor of a Delta table");
  StatusOr<DeltaCursor> read = Read(document->root());
  if (!read.ok()) return Annotate(read.status(), "the cursor of a Delta table");
  return read;
}

}  // namespace drift::delta
