// What a Delta source notes in Window::state for its own streams.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/source.h"

namespace drift::delta {

struct WindowNotes {
  int64_t first_file = 0;  // snapshots: rows of files before this one are applied already
  std::vector<std::string>
      columns;  // of the projection, as they are called in this window; "": NULL
  bool operator==(const WindowNotes&) const = default;
};

std::string NotesToJson(const WindowNotes& notes);
// kInvalidArgument: not what NotesToJson() writes.
StatusOr<WindowNotes> NotesFromJson(std::string_view text);

}  // namespace drift::delta
