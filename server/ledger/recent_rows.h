// Where the rows lie that were looked up or written last.
//
// A batch is looked up when it is planned and again when it is committed. The second look-up is
// saved: what the first one found, or did not find, is still so, because nobody else writes the
// ledger.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/uuid.h"

namespace drift::ledger {

// Safe for concurrent use. Of fixed size; what is pushed out is looked up again.
class RecentRows {
 public:
  // A row by the point id of its first chunk.
  struct Place {
    Uuid point;
    int64_t row = 0;  // 0: there is none
  };

  RecentRows();

  // nullopt: not known.
  std::optional<int64_t> Find(int64_t target_id, const Uuid& point) const EXCLUDES(mu_);

  // What a reader found. `commits` counts the target's commits; the reader noted it as
  // `commits_before` before it began to read. If another commit has come since, it may be out of
  // date and is dropped.
  void Learn(int64_t target_id, std::span<const Place> places, const std::atomic<uint64_t>& commits,
             uint64_t commits_before) EXCLUDES(mu_);
  // What a commit made so.
  void Set(int64_t target_id, std::span<const Place> places, std::atomic<uint64_t>& commits)
      EXCLUDES(mu_);
  void Forget(int64_t target_id, std::atomic<uint64_t>& commits) EXCLUDES(mu_);

 private:
  struct Slot {
    Uuid point;
    int64_t target_id = 0;  // 0: empty
    int64_t row = 0;
  };
  static constexpr size_t kSlots = 1 << 17;  // 4 MB

  void Put(int64_t target_id, const Place& place);  // REQUIRES: the lock

  mutable Mutex mu_;
  std::vector<Slot> slots_ GUARDED_BY(mu_);
};

}  // namespace drift::ledger
