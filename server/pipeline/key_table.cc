#include "pipeline/key_table.h"

#include <algorithm>
#include <limits>

namespace drift {

void KeyChange::Close() {
  constexpr uint8_t kTwo = 2;
  if (adds > 1) duplicates = std::max(duplicates, adds);
  if (adds == 1 && removes == 0) {
    if (before == Before::kPresent) duplicates = std::max(duplicates, kTwo);
    if (before == Before::kUnknown) needs_absent = true;
  }
  if (adds + removes > 0) before = adds > 0 ? Before::kPresent : Before::kAbsent;
}

void KeyChange::Apply(int64_t at, bool add) {
  if (at != version) {
    Close();
    version = at;
    adds = 0;
    removes = 0;
  }
  uint8_t& count = add ? adds : removes;
  if (count < std::numeric_limits<uint8_t>::max()) ++count;
}

void KeyTable::Clear() {
  constexpr size_t kFirstSlots = 64;
  // Assigning empty ones would keep the memory.
  std::string().swap(arena_);
  std::vector<Entry>().swap(entries_);
  std::vector<uint32_t>(kFirstSlots, kEmpty).swap(slots_);
}

size_t KeyTable::SlotOf(std::string_view key) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = FastHash64(key) & mask;
  while (slots_[slot] != kEmpty && KeyOf(entries_[slots_[slot]]) != key) slot = (slot + 1) & mask;
  return slot;
}

void KeyTable::Grow() {
  slots_.assign(slots_.size() * 2, kEmpty);
  for (uint32_t i = 0; i < entries_.size(); ++i) slots_[SlotOf(KeyOf(entries_[i]))] = i;
}

KeyChange& KeyTable::operator[](std::string_view key) {
  size_t slot = SlotOf(key);
  if (slots_[slot] != kEmpty) return entries_[slots_[slot]].change;
  if ((entries_.size() + 1) * 4 > slots_.size() * 3) {
    Grow();
    slot = SlotOf(key);
  }
  slots_[slot] = static_cast<uint32_t>(entries_.size());
  Entry& entry = entries_.emplace_back();
  entry.offset = static_cast<uint32_t>(arena_.size());
  entry.length = static_cast<uint32_t>(key.size());
  arena_.append(key);
  return entry.change;
}

const KeyChange* KeyTable::Find(std::string_view key) const {
  const size_t slot = SlotOf(key);
  return slots_[slot] == kEmpty ? nullptr : &entries_[slots_[slot]].change;
}

}  // namespace drift
