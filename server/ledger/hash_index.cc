#include "ledger/hash_index.h"

#include <algorithm>
#include <limits>

#include "ledger/codec.h"

namespace drift::ledger {
namespace {

// A merge pays once a page takes several entries: a 16th of the table is about ten for each.
constexpr int64_t kMergeFraction = 16;
constexpr int64_t kMergeAtLeast = 4096;
constexpr int64_t kMergeAtMost = 1 << 19;
// Over all indexes; beyond it whoever commits merges what it has. About 24 bytes each.
constexpr int64_t kMaxPending = 1 << 20;
// Of a merge, per change that is logged with it: it ends long before the next one is due.
constexpr size_t kSlicePerChange = 4;
constexpr size_t kSliceAtLeast = 256;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

std::string Encode(std::span<const HashIndex::Change> changes) {
  std::string out;
  int64_t last_row = 0;
  for (const HashIndex::Change& change : changes) {
    const auto hash = static_cast<uint64_t>(change.entry.hash);
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(hash >> shift));
    AppendVarint(out, static_cast<uint64_t>(change.entry.owner) << 1 | (change.add ? 1 : 0));
    AppendSigned(out, change.entry.row - last_row);
    last_row = change.entry.row;
  }
  return out;
}

bool TakeChange(std::string_view& bytes, int64_t& last_row, HashIndex::Change& change) {
  constexpr size_t kHashBytes = 8;
  if (bytes.size() < kHashBytes) return false;
  uint64_t hash = 0;
  for (size_t i = 0; i < kHashBytes; ++i) hash = hash << 8 | static_cast<uint8_t>(bytes[i]);
  bytes.remove_prefix(kHashBytes);
  uint64_t owner = 0;
  int64_t row = 0;
  if (!TakeVarint(bytes, owner) || !TakeSigned(bytes, row)) return false;
  last_row += row;
  change = {{static_cast<int64_t>(hash), static_cast<int64_t>(owner >> 1), last_row},
            (owner & 1) != 0};
  return true;
}

}  // namespace

HashIndex::HashIndex(std::string table, PendingCount& all_pending)
    : table_(std::move(table)),
      select_sql_(fmt::format("SELECT owner, row FROM {} WHERE hash = ?", table_)),
      insert_sql_(fmt::format("INSERT OR IGNORE INTO {} VALUES (?, ?, ?)", table_)),
      delete_sql_(fmt::format("DELETE FROM {} WHERE hash = ? AND owner = ? AND row = ?", table_)),
      all_pending_(all_pending) {}

HashIndex::~HashIndex() {
  Count(-static_cast<int64_t>(active_.size() + frozen_.size()));
}

void HashIndex::Count(int64_t delta) {
  all_pending_.fetch_add(delta, std::memory_order_relaxed);
}

// -- reading --------------------------------------------------------------------------------------

std::vector<HashIndex::Hit> HashIndex::Pending(std::span<const int64_t> hashes) const {
  std::vector<Hit> hits;
  MutexLock lock(mu_);
  for (const Map* map : {&frozen_, &active_}) {
    if (map->empty()) continue;
    for (size_t i = 0; i < hashes.size(); ++i) {
      for (auto it = map->lower_bound({hashes[i], kMin, kMin});
           it != map->end() && it->first.hash == hashes[i]; ++it) {
        if (it->second) hits.push_back({i, it->first.owner, it->first.row});
      }
    }
  }
  return hits;
}

Status HashIndex::Stored(SqliteDatabase& db, std::span<const int64_t> hashes,
                         std::vector<Hit>& hits) const {
  ASSIGN_OR_RETURN(SqliteStatement select, db.Prepare(select_sql_));
  for (size_t i = 0; i < hashes.size(); ++i) {
    select.BindAll(hashes[i]);
    for (;;) {
      ASSIGN_OR_RETURN(const bool found, select.Step());
      if (!found) break;
      hits.push_back({i, select.Int(0), select.Int(1)});
    }
  }
  return OkStatus();
}

bool HashIndex::Removed(const Entry& entry) const {
  MutexLock lock(mu_);
  for (const Map* map : {&active_, &frozen_}) {
    const auto found = map->find(entry);
    if (found != map->end()) return !found->second;
  }
  return false;
}

// -- writing --------------------------------------------------------------------------------------

Status HashIndex::Load(SqliteDatabase& db) {
  ASSIGN_OR_RETURN(SqliteStatement size,
                   db.Prepare("SELECT entries FROM index_sizes WHERE name = ?"));
  size.BindAll(table_);
  ASSIGN_OR_RETURN(const bool known, size.Step());
  ASSIGN_OR_RETURN(SqliteStatement log,
                   db.Prepare("SELECT seq, changes FROM index_log WHERE name = ? ORDER BY seq"));
  log.BindAll(table_);
  MutexLock lock(mu_);
  entries_ = known ? size.Int(0) : 0;
  for (;;) {
    ASSIGN_OR_RETURN(const bool found, log.Step());
    if (!found) break;
    active_last_seq_ = log.Int(0);
    std::string_view bytes = log.Blob(1);
    int64_t last_row = 0;
    Change change;
    while (!bytes.empty()) {
      if (!TakeChange(bytes, last_row, change)) {
        return DataLoss("{}: the log of index {} cannot be read", db.path(), table_);
      }
      active_[change.entry] = change.add;
    }
  }
  Count(static_cast<int64_t>(active_.size()));
  FreezeIfDue();
  return OkStatus();
}

Status HashIndex::Write(SqliteDatabase& db, Work& work) const {
  if (!work.changes.empty()) RETURN_IF_ERROR(LogChanges(db, work));
  return frozen_.empty() ? OkStatus() : MergeSlice(db, work);
}

Status HashIndex::LogChanges(SqliteDatabase& db, Work& work) const {
  const std::string bytes = Encode(work.changes);
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   db.Prepare("INSERT INTO index_log (name, changes) VALUES (?, ?)"));
  RETURN_IF_ERROR(insert.RunWith(table_, SqliteBlob{bytes}));
  work.log_seq = db.last_insert_rowid();
  return OkStatus();
}

Status HashIndex::MergeSlice(SqliteDatabase& db, Work& work) const {
  const size_t slice = std::max(kSliceAtLeast, kSlicePerChange * work.changes.size());
  const auto from = slice_done_ ? frozen_.upper_bound(merged_until_) : frozen_.begin();
  auto to = from;
  for (size_t i = 0; i < slice && to != frozen_.end(); ++i, ++to) work.merged_until = to->first;
  ASSIGN_OR_RETURN(work.entries_delta, Put(db, from, to));
  work.merged = true;
  work.merge_finished = to == frozen_.end();
  if (!work.merge_finished) return OkStatus();
  ASSIGN_OR_RETURN(SqliteStatement forget,
                   db.Prepare("DELETE FROM index_log WHERE name = ? AND seq <= ?"));
  RETURN_IF_ERROR(forget.RunWith(table_, frozen_last_seq_));
  // Once per merge is enough: the number only says when the next one pays.
  ASSIGN_OR_RETURN(SqliteStatement size,
                   db.Prepare("UPDATE index_sizes SET entries = ? WHERE name = ?"));
  return size.RunWith(entries_ + work.entries_delta, table_);
}

StatusOr<int64_t> HashIndex::Put(SqliteDatabase& db, Map::const_iterator from,
                                 Map::const_iterator to) const {
  ASSIGN_OR_RETURN(SqliteStatement insert, db.Prepare(insert_sql_));
  ASSIGN_OR_RETURN(SqliteStatement remove, db.Prepare(delete_sql_));
  int64_t delta = 0;
  for (auto it = from; it != to; ++it) {
    const Entry& entry = it->first;
    RETURN_IF_ERROR((it->second ? insert : remove).RunWith(entry.hash, entry.owner, entry.row));
    delta += it->second ? db.changes() : -db.changes();
  }
  return delta;
}

void HashIndex::Committed(const Work& work) {
  Map done;  // destroyed without the lock
  MutexLock lock(mu_);
  for (const Change& change : work.changes) {
    const auto [it, is_new] = active_.insert_or_assign(change.entry, change.add);
    static_cast<void>(it);
    if (is_new) Count(1);
  }
  if (work.log_seq != 0) active_last_seq_ = work.log_seq;
  entries_ += work.entries_delta;
  if (work.merged) {
    slice_done_ = true;
    merged_until_ = work.merged_until;
  }
  if (work.merge_finished) {
    Count(-static_cast<int64_t>(frozen_.size()));
    done.swap(frozen_);
    slice_done_ = false;
  }
  FreezeIfDue();
}

void HashIndex::FreezeIfDue() {
  const auto size = static_cast<int64_t>(active_.size());
  const int64_t due = std::clamp(entries_ / kMergeFraction, kMergeAtLeast, kMergeAtMost);
  const bool crowded = all_pending_.load(std::memory_order_relaxed) > kMaxPending;
  if (!frozen_.empty() || size < kMergeAtLeast || (size < due && !crowded)) return;
  frozen_.swap(active_);
  frozen_last_seq_ = active_last_seq_;
  slice_done_ = false;
}

Status HashIndex::MergeAll(SqliteDatabase& db) const {
  RETURN_IF_ERROR(Put(db, frozen_.begin(), frozen_.end()).status());
  RETURN_IF_ERROR(Put(db, active_.begin(), active_.end()).status());
  ASSIGN_OR_RETURN(SqliteStatement forget, db.Prepare("DELETE FROM index_log WHERE name = ?"));
  return forget.RunWith(table_);
}

void HashIndex::Emptied(int64_t entries_left) {
  MutexLock lock(mu_);
  Count(-static_cast<int64_t>(active_.size() + frozen_.size()));
  active_.clear();
  frozen_.clear();
  slice_done_ = false;
  entries_ = entries_left;
}

}  // namespace drift::ledger
