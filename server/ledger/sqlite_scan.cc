#include "ledger/sqlite_scan.h"

#include "ledger/sqlite_schema.h"

namespace drift::ledger {
namespace {

constexpr std::chrono::seconds kIdle{30};

}  // namespace

StatusOr<std::vector<RowHead>> SqliteScans::Page(int64_t target_id, const std::string& after_key,
                                                 size_t limit) {
  std::unique_ptr<Scan> scan;
  {
    MutexLock lock(mu_);
    const auto kept = scans_.find(target_id);
    if (kept != scans_.end() && !after_key.empty() && kept->second->after_key == after_key) {
      scan = std::move(kept->second);
      scans_.erase(kept);
    }
  }
  if (scan == nullptr) {
    ASSIGN_OR_RETURN(scan, Begin(target_id, after_key));
  }
  std::vector<RowHead> out;
  while (out.size() < limit) {
    ASSIGN_OR_RETURN(const bool found, scan->rows->Step());
    if (!found) return out;
    const SqliteStatement& row = *scan->rows;
    out.push_back({row.String(0),
                   static_cast<int32_t>(row.Int(1)),
                   {static_cast<int32_t>(row.Int(2)), row.Int(3)}});
  }
  if (out.empty()) return out;
  scan->after_key = out.back().key;
  scan->used = clock_.Mono();
  MutexLock lock(mu_);
  scans_[target_id].swap(scan);
  return out;
}

StatusOr<std::unique_ptr<SqliteScans::Scan>> SqliteScans::Begin(
    int64_t target_id, const std::string& after_key) const {
  auto scan = std::make_unique<Scan>();
  ASSIGN_OR_RETURN(scan->db, readers_.Open());
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   scan->db->Prepare(fmt::format("SELECT key, chunks, revision, version FROM {}"
                                                 " WHERE key > ? ORDER BY key",
                                                 RowsTable(target_id))));
  scan->from = after_key;
  scan->rows = std::make_unique<SqliteStatement>(std::move(rows));
  scan->rows->BindText(1, scan->from);
  return scan;
}

void SqliteScans::CloseIdle() {
  const MonoTime now = clock_.Mono();
  MutexLock lock(mu_);
  std::erase_if(scans_, [&](const auto& scan) { return now - scan.second->used > kIdle; });
}

void SqliteScans::Close(int64_t target_id) {
  MutexLock lock(mu_);
  scans_.erase(target_id);
}

}  // namespace drift::ledger
