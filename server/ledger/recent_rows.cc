#include "ledger/recent_rows.h"

#include <algorithm>
#include <utility>

namespace drift::ledger {
namespace {

// Each place may lie in two neighbouring slots; the newer one in the first.
size_t SlotOf(const Uuid& point, size_t slots) {
  return UuidHash()(point) % slots & ~size_t{1};
}

}  // namespace

RecentRows::RecentRows() : slots_(kSlots) {}

std::optional<int64_t> RecentRows::Find(int64_t target_id, const Uuid& point) const {
  MutexLock lock(mu_);
  const size_t first = SlotOf(point, slots_.size());
  for (const size_t i : {first, first + 1}) {
    const Slot& slot = slots_[i];
    if (slot.target_id == target_id && slot.point == point) return slot.row;
  }
  return std::nullopt;
}

void RecentRows::Put(int64_t target_id, const Place& place) {
  const size_t first = SlotOf(place.point, slots_.size());
  Slot& newer = slots_[first];
  Slot& older = slots_[first + 1];
  if (older.target_id == target_id && older.point == place.point) std::swap(newer, older);
  if (newer.target_id != target_id || newer.point != place.point) older = newer;
  newer = {place.point, target_id, place.row};
}

void RecentRows::Learn(int64_t target_id, std::span<const Place> places,
                       const std::atomic<uint64_t>& commits, uint64_t commits_before) {
  MutexLock lock(mu_);
  if (commits.load() != commits_before) return;
  for (const Place& place : places) Put(target_id, place);
}

void RecentRows::Set(int64_t target_id, std::span<const Place> places,
                     std::atomic<uint64_t>& commits) {
  MutexLock lock(mu_);
  ++commits;
  for (const Place& place : places) Put(target_id, place);
}

void RecentRows::Forget(int64_t target_id, std::atomic<uint64_t>& commits) {
  MutexLock lock(mu_);
  ++commits;
  for (Slot& slot : slots_) {
    if (slot.target_id == target_id) slot = {};
  }
}

}  // namespace drift::ledger
