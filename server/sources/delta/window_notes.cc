#include "sources/delta/window_notes.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "net/json.h"

namespace drift::delta {
namespace {

StatusOr<WindowNotes> Read(const JsonView& root) {
  WindowNotes notes;
  ASSIGN_OR_RETURN(notes.first_file, root.GetInt("first_file"));
  ASSIGN_OR_RETURN(const JsonView columns, root.Get("columns"));
  RETURN_IF_ERROR(columns.CheckArray());
  for (size_t i = 0; i < columns.size(); ++i) {
    ASSIGN_OR_RETURN(const std::string_view name, columns[i].String());
    notes.columns.emplace_back(name);
  }
  return notes;
}

}  // namespace

std::string NotesToJson(const WindowNotes& notes) {
  std::string out = fmt::format(R"({{"first_file":{},"columns":[)", notes.first_file);
  for (size_t i = 0; i < notes.columns.size(); ++i) {
    if (i > 0) out.push_back(',');
    AppendJsonString(out, notes.columns[i]);
  }
  return out + "]}";
}

StatusOr<WindowNotes> NotesFromJson(std::string_view text) {
  StatusOr<JsonDocument> document = JsonDocument::Parse(text);
  if (!document.ok()) return Annotate(document.status(), "the state of a window");
  StatusOr<WindowNotes> notes = Read(document->root());
  if (!notes.ok()) return Annotate(notes.status(), "the state of a window");
  return notes;
}

}  // namespace drift::delta
