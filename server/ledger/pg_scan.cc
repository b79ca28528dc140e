#include "ledger/pg_scan.h"

#include "ledger/pg_row.h"

namespace drift::ledger {
namespace {

constexpr std::chrono::seconds kIdleScan{30};
// Sorting hundreds of millions of rows takes its time.
constexpr std::chrono::hours kSortTimeout{2};

PgOptions ScanOptions(PgOptions options) {
  options.call_timeout = kSortTimeout;
  // A transaction waits here for as long as the caller needs for a page; who needs longer sorts
  // again. Rows of a target are best found by reading all in order: in the index they lie at
  // random.
  options.setup.emplace_back("SET idle_in_transaction_session_timeout = '10min'");
  options.setup.emplace_back("SET enable_seqscan = on");
  return options;
}

}  // namespace

PgScans::PgScans(PgOptions options, Clock& clock)
    : options_(ScanOptions(std::move(options))), clock_(clock) {}

StatusOr<std::vector<RowHead>> PgScans::Page(int64_t target_id, const std::string& after_key,
                                             size_t limit) {
  std::vector<RowHead> out;
  if (limit == 0) return out;
  std::unique_ptr<Scan> scan = Resume(target_id, after_key);
  if (scan != nullptr) {
    auto page = Fetch(*scan->pg, limit);
    // Lost with the connection: the rows after the key are there still.
    if (!page.ok()) scan = nullptr;
    if (page.ok()) out = *std::move(page);
  }
  if (scan == nullptr) {
    ASSIGN_OR_RETURN(scan, Begin(target_id, after_key));
    ASSIGN_OR_RETURN(out, Fetch(*scan->pg, limit));
  }
  if (out.size() < limit) return out;  // the end
  scan->after_key = out.back().key;
  scan->used = clock_.Mono();
  MutexLock lock(mu_);
  scans_[target_id].swap(scan);
  return out;
}

std::unique_ptr<PgScans::Scan> PgScans::Resume(int64_t target_id, const std::string& after_key) {
  MutexLock lock(mu_);
  const auto kept = scans_.find(target_id);
  if (kept == scans_.end() || after_key.empty() || kept->second->after_key != after_key) {
    return nullptr;
  }
  std::unique_ptr<Scan> scan = std::move(kept->second);
  scans_.erase(kept);
  return scan;
}

StatusOr<std::unique_ptr<PgScans::Scan>> PgScans::Begin(int64_t target_id,
                                                        const std::string& after_key) const {
  auto scan = std::make_unique<Scan>();
  ASSIGN_OR_RETURN(scan->pg, PgConnection::Open(options_, {}));
  PgParams params;
  params.Int(FirstPlace(target_id)).Int(FirstPlace(target_id + 1)).Text(after_key);
  RETURN_IF_ERROR(scan->pg->Script("BEGIN READ ONLY", {}));
  RETURN_IF_ERROR(scan->pg
                      ->ExecuteOnce("DECLARE scan NO SCROLL CURSOR FOR SELECT key, state FROM rows"
                                    " WHERE point >= $1 AND point < $2 AND key > $3 ORDER BY key",
                                    params, {})
                      .status());
  return scan;
}

StatusOr<std::vector<RowHead>> PgScans::Fetch(PgConnection& pg, size_t limit) {
  ASSIGN_OR_RETURN(const PgResult rows,
                   pg.Execute(fmt::format("FETCH FORWARD {} FROM scan", limit), {}));
  std::vector<RowHead> out;
  out.reserve(static_cast<size_t>(rows.rows()));
  for (int i = 0; i < rows.rows(); ++i) {
    ASSIGN_OR_RETURN(out.emplace_back(), DecodeHead(rows.Text(i, 0), rows.Bytes(i, 1)));
  }
  return out;
}

void PgScans::CloseIdle() {
  const MonoTime now = clock_.Mono();
  MutexLock lock(mu_);
  std::erase_if(scans_, [&](const auto& scan) { return now - scan.second->used > kIdleScan; });
}

void PgScans::Close(int64_t target_id) {
  MutexLock lock(mu_);
  scans_.erase(target_id);
}

}  // namespace drift::ledger
