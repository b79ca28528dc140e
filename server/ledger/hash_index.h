// An index from 64-bit hashes to rows that takes millions of entries in random order at the speed
// of a log.
//
// Hashes are random, so putting a batch of 2,000 straight into a B-tree of millions touches 2,000
// pages, and each is written twice (log and file): 8 kB a row. Instead a commit appends its changes
// as one blob to index_log, and they are kept in memory. When enough have gathered they are merged
// into the B-tree in the order of the hashes, a slice with each later commit, so that each page
// that is touched takes many. After a crash the blobs are read back.
//
// Entries only say where to look: whoever follows one compares the row with what was asked for.
#pragma once

#include <absl/container/btree_map.h>

#include <atomic>
#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "net/sqlite.h"

namespace drift::ledger {

// Entries in memory over all indexes of one ledger.
using PendingCount = std::atomic<int64_t>;

class HashIndex {
 public:
  struct Entry {
    int64_t hash = 0;
    int64_t owner = 0;
    int64_t row = 0;
    auto operator<=>(const Entry&) const = default;
  };
  struct Change {
    Entry entry;
    bool add = true;
  };
  // An entry for the hash at position `which` of those asked for.
  struct Hit {
    size_t which = 0;
    int64_t owner = 0;
    int64_t row = 0;
  };

  HashIndex(std::string table, PendingCount& all_pending);
  ~HashIndex();

  const std::string& table() const { return table_; }

  // -- reading, any thread. A reader asks Pending() first and begins its transaction then: what is
  // merged in between it sees in the table.
  std::vector<Hit> Pending(std::span<const int64_t> hashes) const EXCLUDES(mu_);
  // Appends what the table has. `hashes` ascending reads fastest.
  Status Stored(SqliteDatabase& db, std::span<const int64_t> hashes, std::vector<Hit>& hits) const;
  // Whether the table's entry is not to be followed any more.
  bool Removed(const Entry& entry) const EXCLUDES(mu_);

  // -- writing, by the one writer. Reads what an earlier process logged.
  Status Load(SqliteDatabase& db) EXCLUDES(mu_);

  // What a transaction does to the index; told to Committed() once it is durable.
  struct Work {
    std::vector<Change> changes;
    int64_t log_seq = 0;
    bool merged = false;
    Entry merged_until;
    bool merge_finished = false;
    int64_t entries_delta = 0;
  };
  // In the transaction: logs `work.changes` and merges a slice of what is due.
  Status Write(SqliteDatabase& db, Work& work) const;
  void Committed(const Work& work) EXCLUDES(mu_);

  // In a transaction: puts all that is pending into the table, so that it can be worked on as a
  // whole. `Emptied` once that is durable.
  Status MergeAll(SqliteDatabase& db) const;
  void Emptied(int64_t entries_left) EXCLUDES(mu_);

 private:
  using Map = absl::btree_map<Entry, bool>;  // true: added

  Status LogChanges(SqliteDatabase& db, Work& work) const;
  Status MergeSlice(SqliteDatabase& db, Work& work) const;
  // Returns by how many entries the table grew.
  StatusOr<int64_t> Put(SqliteDatabase& db, Map::const_iterator from, Map::const_iterator to) const;
  void FreezeIfDue();  // REQUIRES: the lock
  void Count(int64_t delta);

  const std::string table_;
  const std::string select_sql_;
  const std::string insert_sql_;
  const std::string delete_sql_;
  PendingCount& all_pending_;

  // Changed by the writer under the lock; the writer itself reads without it.
  mutable Mutex mu_;
  Map active_;  // newest
  Map frozen_;  // being merged, in order; empty: no merge is under way
  int64_t active_last_seq_ = 0;
  int64_t frozen_last_seq_ = 0;
  bool slice_done_ = false;
  Entry merged_until_;   // of frozen_, when slice_done_
  int64_t entries_ = 0;  // in the table, about
};

}  // namespace drift::ledger
