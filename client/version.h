#pragma once

namespace drift::client {

// Of this driftctl, as in the project's CMakeLists.txt.
inline constexpr char kVersion[] = DRIFT_VERSION;

}  // namespace drift::client
