// Small files, whole.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace drift {

// kNotFound: no such file. kPermissionDenied, kUnavailable: as the system says.
StatusOr<std::string> ReadTextFile(const std::string& path);

// Writes beside `path` and renames over it, so readers see the old text or the new, never a part.
Status WriteTextFile(const std::string& path, std::string_view text);

}  // namespace drift
