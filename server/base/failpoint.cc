#include "base/failpoint.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace drift::failpoint_internal {
namespace {

struct Armed {
  std::string name;
  int times = 1;
};

const Armed& Setting() {
  static const Armed armed = [] {
    const char* text = std::getenv("DRIFT_FAILPOINT");
    Armed out;
    if (text == nullptr) return out;
    out.name = text;
    if (const size_t at = out.name.find('@'); at != std::string::npos) {
      out.times = std::max(1, std::atoi(out.name.c_str() + at + 1));
      out.name.resize(at);
    }
    return out;
  }();
  return armed;
}

}  // namespace

const bool g_armed = std::getenv("DRIFT_FAILPOINT") != nullptr;

void Reach(std::string_view name) {
  static std::atomic<int> reached{0};
  if (name != Setting().name) return;
  if (reached.fetch_add(1) + 1 == Setting().times) kill(getpid(), SIGKILL);
}

}  // namespace drift::failpoint_internal
