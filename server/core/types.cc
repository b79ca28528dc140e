#include "core/types.h"

#include "core/ledger_types.h"

namespace drift {
namespace {

template <typename Enum, size_t N>
bool Parse(std::string_view word, const std::string_view (&names)[N], Enum& out) {
  for (size_t i = 0; i < N; ++i) {
    if (names[i] != word) continue;
    out = static_cast<Enum>(i);
    return true;
  }
  return false;
}

constexpr std::string_view kModes[] = {"EMBED", "WATCH", "MIGRATE", "REPLAY", "ERASE"};
constexpr std::string_view kStates[] = {"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"};

}  // namespace

size_t Point::Bytes() const {
  size_t bytes = sizeof(Point) + vector.size() * sizeof(float) + key.capacity() +
                 run_id.capacity() + model.capacity() + (text ? text->capacity() : 0);
  for (const auto& [name, value] : payload) {
    bytes += sizeof(Payload::value_type) + name.capacity() + HeapBytes(value);
  }
  return bytes;
}

std::string_view ToString(RunMode mode) { return kModes[static_cast<size_t>(mode)]; }
std::string_view ToString(RunState state) { return kStates[static_cast<size_t>(state)]; }
bool ParseRunMode(std::string_view word, RunMode& mode) { return Parse(word, kModes, mode); }
bool ParseRunState(std::string_view word, RunState& state) { return Parse(word, kStates, state); }

}  // namespace drift
