// Named places where a test may kill the daemon, to show that nothing is lost there.
// DRIFT_FAILPOINT=name      dies by SIGKILL the first time the place is reached
// DRIFT_FAILPOINT=name@N    ... the Nth time
// Without the variable a place costs one load of a constant flag.
#pragma once

#include <string_view>

namespace drift {

namespace failpoint_internal {
extern const bool g_armed;
void Reach(std::string_view name);
}  // namespace failpoint_internal

inline void Failpoint(std::string_view name) {
  if (failpoint_internal::g_armed) [[unlikely]]
    failpoint_internal::Reach(name);
}

}  // namespace drift
