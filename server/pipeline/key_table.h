// A compact map from key to what a window did to it. Made for hundreds of thousands of keys in a
// few megabytes: one arena for the keys, one flat table of 24-byte entries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace drift {

// What happened to one key, folded over versions in ascending order.
struct KeyChange {
  enum class Before : uint8_t { kUnknown, kPresent, kAbsent };

  int64_t version = -1;              // the last that touched it; -1: none yet
  uint8_t adds = 0;                  // new states in that version, at most 255
  uint8_t removes = 0;               // old states in that version
  Before before = Before::kUnknown;  // whether a row had the key before that version
  bool needs_absent = false;  // its first change is a plain insert: no row may have had the key
  uint8_t duplicates = 0;     // rows that had the key at once, if more than one did

  // One event more; versions ascend, events of one version come in any order.
  void Apply(int64_t at, bool add);
  // The last version is complete.
  void Close();
  bool IsUpsert() const { return adds > 0; }
};

class KeyTable {
 public:
  KeyTable() { Clear(); }

  // The change of `key`, made if it is new. The reference is good until the next call.
  KeyChange& operator[](std::string_view key);
  const KeyChange* Find(std::string_view key) const;

  size_t size() const { return entries_.size(); }
  size_t Bytes() const {
    return arena_.capacity() + entries_.capacity() * sizeof(Entry) + slots_.capacity() * 4;
  }
  void Clear();

  // Close()s every change: all events are in.
  void CloseAll() {
    for (Entry& entry : entries_) entry.change.Close();
  }

  // Calls visit(key, change) for every key, in order of insertion.
  template <typename F>
  void ForEach(F visit) const {
    for (const Entry& entry : entries_) visit(KeyOf(entry), entry.change);
  }

 private:
  struct Entry {
    uint32_t offset;
    uint32_t length;
    KeyChange change;
  };
  static constexpr uint32_t kEmpty = UINT32_MAX;
  std::string_view KeyOf(const Entry& entry) const {
    return std::string_view(arena_).substr(entry.offset, entry.length);
  }
  size_t SlotOf(std::string_view key) const;
  void Grow();

  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // index into entries_; the size is a power of two
};

}  // namespace drift
