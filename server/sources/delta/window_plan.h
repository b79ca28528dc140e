// How far a window of the change feed may go.
#pragma once

#include <cstdint>
#include <span>

#include "core/source.h"
#include "sources/delta/kernel_table.h"

namespace drift::delta {

// The last version of a window that begins with commits[0]: it ends before the schema changes,
// before the change feed is switched off, and before it grows beyond the limits; one commit always
// fits. REQUIRES: !commits.empty(), ascending without holes, commits[0].change_feed.
int64_t PlanWindow(std::span<const CommitInfo> commits, const WindowLimits& limits);

}  // namespace drift::delta
