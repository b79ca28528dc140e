#include "sources/delta/window_plan.h"

namespace drift::delta {

int64_t PlanWindow(std::span<const CommitInfo> commits, const WindowLimits& limits) {
  int64_t last = commits[0].version;
  auto bytes = static_cast<uint64_t>(commits[0].bytes);
  for (const CommitInfo& commit : commits.subspan(1)) {
    bytes += static_cast<uint64_t>(commit.bytes);
    if (commit.schema_changed || !commit.change_feed) break;
    if (bytes > limits.max_bytes || commit.version - commits[0].version >= limits.max_versions)
      break;
    last = commit.version;
  }
  return last;
}

}  // namespace drift::delta
