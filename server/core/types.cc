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

RunCounters& RunCounters::operator+=(const RunCounters& more) {
  rows_read += more.rows_read;
  rows_inserted += more.rows_inserted;
  rows_updated += more.rows_updated;
  rows_deleted += more.rows_deleted;
  rows_unchanged += more.rows_unchanged;
  texts_embedded += more.texts_embedded;
  texts_reused += more.texts_reused;
  points_written += more.points_written;
  points_deleted += more.points_deleted;
  dead_letters += more.dead_letters;
  provider_requests += more.provider_requests;
  tokens += more.tokens;
  tokens_estimated |= more.tokens_estimated;
  cost += more.cost;
  return *this;
}

std::string_view ToString(RunMode mode) {
  return kModes[static_cast<size_t>(mode)];
}
std::string_view ToString(RunState state) {
  return kStates[static_cast<size_t>(state)];
}
bool ParseRunMode(std::string_view word, RunMode& mode) {
  return Parse(word, kModes, mode);
}
bool ParseRunState(std::string_view word, RunState& state) {
  return Parse(word, kStates, state);
}

}  // namespace drift
