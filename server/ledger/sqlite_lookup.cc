#include "ledger/sqlite_lookup.h"

#include <algorithm>
#include <limits>
#include <set>

#include "core/key.h"
#include "ledger/codec.h"
#include "ledger/sqlite_schema.h"

namespace drift::ledger {
namespace {

using Kind = SqliteTransaction::Kind;

StatusOr<CommitInfo> CommitOf(SqliteDatabase& db, int64_t number) {
  ASSIGN_OR_RETURN(SqliteStatement select,
                   db.Prepare("SELECT coalesce(r.id, ''), c.at FROM commits c"
                              " LEFT JOIN runs r ON r.seq = c.run WHERE c.seq = ?"));
  select.BindAll(number);
  ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return CommitInfo();
  return CommitInfo{select.String(0), WallTime(std::chrono::microseconds(select.Int(1)))};
}

Status AppendRow(SqliteDatabase& db, const Target& target, const StoredRow& row,
                 const std::optional<Uuid>& point_id, std::vector<ProvenanceRecord>& out) {
  ASSIGN_OR_RETURN(const CommitInfo written, CommitOf(db, row.written));
  AppendRecords(target, row.state, written, nullptr, point_id, out);
  return OkStatus();
}

Status AppendDeletion(SqliteDatabase& db, const Target& target, const StoredDeletion& row,
                      const std::optional<Uuid>& point_id, std::vector<ProvenanceRecord>& out) {
  ASSIGN_OR_RETURN(const CommitInfo written, CommitOf(db, row.last.written));
  DeletionInfo deletion{row.deletion.guard, {}, row.deletion.points_removed};
  ASSIGN_OR_RETURN(deletion.commit, CommitOf(db, row.deleted));
  AppendRecords(target, row.last.state, written, &deletion, point_id, out);
  return OkStatus();
}

// Rows that the hits lead to, each once.
std::set<int64_t> RowsOf(std::span<const HashIndex::Hit> hits) {
  std::set<int64_t> rows;
  for (const HashIndex::Hit& hit : hits) rows.insert(hit.row);
  return rows;
}

}  // namespace

// -- texts ----------------------------------------------------------------------------------------

std::string SqliteTextFinder::Select(std::string_view comparison) const {
  return fmt::format("SELECT owner, row FROM {} WHERE hash = ? AND owner {} ?", texts_.table(),
                     comparison);
}

StatusOr<std::vector<TextMatch>> SqliteTextFinder::Find(SqliteReaders& readers,
                                                        std::span<const Sha256Digest> texts) {
  std::vector<Sha256Digest> sorted(texts.begin(), texts.end());
  std::sort(sorted.begin(), sorted.end(), [](const Sha256Digest& a, const Sha256Digest& b) {
    return std::pair(TextHash(a), a) < std::pair(TextHash(b), b);
  });
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<int64_t> hashes;
  hashes.reserve(sorted.size());
  for (const Sha256Digest& text : sorted) hashes.push_back(TextHash(text));
  std::vector<HashIndex::Hit> pending = texts_.Pending(hashes);
  std::stable_sort(pending.begin(), pending.end(),
                   [](const auto& a, const auto& b) { return a.which < b.which; });

  ASSIGN_OR_RETURN(const SqliteReaders::Lease db, readers.Acquire());
  ASSIGN_OR_RETURN(const SqliteTransaction snapshot, SqliteTransaction::Begin(*db, Kind::kRead));
  std::vector<TextMatch> out;
  size_t from = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    size_t to = from;
    while (to < pending.size() && pending[to].which == i) ++to;
    ASSIGN_OR_RETURN(const auto match,
                     FindOne(*db, sorted[i], std::span(pending).subspan(from, to - from)));
    if (match) out.push_back(*match);
    from = to;
  }
  return out;
}

StatusOr<std::optional<TextMatch>> SqliteTextFinder::FindOne(
    SqliteDatabase& db, const Sha256Digest& text, std::span<const HashIndex::Hit> pending) {
  for (const bool of_preferred : {true, false}) {
    for (const HashIndex::Hit& hit : pending) {
      if ((hit.owner == preferred_) != of_preferred) continue;
      ASSIGN_OR_RETURN(auto match, Verify(db, text, hit.owner, hit.row));
      if (match) return match;
    }
    ASSIGN_OR_RETURN(auto match, FindStored(db, text, of_preferred));
    if (match) return match;
    ASSIGN_OR_RETURN(match, FindAdopted(db, text, of_preferred));
    if (match) return match;
  }
  return std::optional<TextMatch>();
}

StatusOr<std::optional<TextMatch>> SqliteTextFinder::FindStored(SqliteDatabase& db,
                                                                const Sha256Digest& text,
                                                                bool of_preferred) {
  // Many rows may hold the same text, so the first that does ends the search.
  ASSIGN_OR_RETURN(SqliteStatement select,
                   db.Prepare(of_preferred ? select_preferred_ : select_others_));
  const int64_t hash = TextHash(text);
  select.BindAll(hash, preferred_);
  for (;;) {
    ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return std::optional<TextMatch>();
    const HashIndex::Entry entry{hash, select.Int(0), select.Int(1)};
    if (texts_.Removed(entry)) continue;
    ASSIGN_OR_RETURN(auto match, Verify(db, text, entry.owner, entry.row));
    if (match) return match;
  }
}

StatusOr<std::optional<TextMatch>> SqliteTextFinder::FindAdopted(SqliteDatabase& db,
                                                                 const Sha256Digest& text,
                                                                 bool of_preferred) {
  for (const int64_t target : adopted_) {
    if ((target == preferred_) != of_preferred) continue;
    auto select =
        db.Prepare(fmt::format("SELECT point FROM {} WHERE text = ?", AdoptedTable(target)));
    // Dropped since the list was made.
    if (select.status().code() == StatusCode::kNotFound) continue;
    RETURN_IF_ERROR(select.status());
    select->BindAll(SqliteBlob{View(text)});
    ASSIGN_OR_RETURN(const bool found, select->Step());
    if (!found || select->Blob(0).size() != sizeof(Uuid::bytes)) continue;
    return std::optional(TextMatch{text, target, UuidFromBytes(select->Blob(0))});
  }
  return std::optional<TextMatch>();
}

StatusOr<std::optional<TextMatch>> SqliteTextFinder::Verify(SqliteDatabase& db,
                                                            const Sha256Digest& text, int64_t owner,
                                                            int64_t row) {
  const SqliteTarget* target = targets_(owner);
  if (target == nullptr) return std::optional<TextMatch>();
  ASSIGN_OR_RETURN(const auto stored, GetRow(db, *target, row));
  if (!stored) return std::optional<TextMatch>();
  const std::vector<ChunkState>& chunks = stored->state.chunks;
  const auto chunk = std::find_if(chunks.begin(), chunks.end(), [&](const ChunkState& chunk) {
    return chunk.text_sha256 == text;
  });
  if (chunk == chunks.end()) return std::optional<TextMatch>();
  const auto number = static_cast<int32_t>(chunk - chunks.begin());
  return std::optional(
      TextMatch{text, owner, PointId(target->pipeline, stored->state.key, number)});
}

// -- provenance -----------------------------------------------------------------------------------

SqliteProvenance::SqliteProvenance(const SqliteTarget& target, std::vector<int64_t> hashes)
    : target_(target),
      hashes_(std::move(hashes)),
      live_(target.points.Pending(hashes_)),
      deleted_(target.deleted_points.Pending(hashes_)) {}

Status SqliteProvenance::Find(SqliteDatabase& db, const Target& info,
                              const std::function<bool(std::string_view key)>& wanted,
                              const std::optional<Uuid>& point_id,
                              std::vector<ProvenanceRecord>& out) {
  RETURN_IF_ERROR(target_.points.Stored(db, hashes_, live_));
  for (const int64_t id : RowsOf(live_)) {
    ASSIGN_OR_RETURN(const auto row, GetRow(db, target_, id));
    if (!row || !wanted(row->state.key)) continue;
    RETURN_IF_ERROR(AppendRow(db, info, *row, point_id, out));
  }
  RETURN_IF_ERROR(target_.deleted_points.Stored(db, hashes_, deleted_));
  const std::set<int64_t> deletions = RowsOf(deleted_);
  for (auto id = deletions.rbegin(); id != deletions.rend(); ++id) {  // newest first
    ASSIGN_OR_RETURN(const auto row, GetDeletion(db, target_, *id));
    if (!row || !wanted(row->deletion.key)) continue;
    RETURN_IF_ERROR(AppendDeletion(db, info, *row, point_id, out));
  }
  return OkStatus();
}

StatusOr<std::vector<StoredRecords>> SqliteProvenance::Load(SqliteDatabase& db,
                                                            const SqliteTarget& target,
                                                            const Target& info, bool deleted,
                                                            int64_t from, int64_t limit) {
  const std::string sql =
      deleted
          ? fmt::format("SELECT id FROM {} WHERE id <= ? ORDER BY id DESC LIMIT ?",
                        DeletionsTable(info.id))
          : fmt::format("SELECT id FROM {} WHERE id >= ? ORDER BY id LIMIT ?", RowsTable(info.id));
  ASSIGN_OR_RETURN(SqliteStatement select, db.Prepare(sql));
  constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();
  select.BindAll(deleted && from == 0 ? kNewest : from, limit);
  std::vector<StoredRecords> out;
  for (;;) {
    ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return out;
    StoredRecords& records = out.emplace_back();
    records.row = select.Int(0);
    if (deleted) {
      ASSIGN_OR_RETURN(const auto row, GetDeletion(db, target, records.row));
      if (row) RETURN_IF_ERROR(AppendDeletion(db, info, *row, std::nullopt, records.records));
    } else {
      ASSIGN_OR_RETURN(const auto row, GetRow(db, target, records.row));
      if (row) RETURN_IF_ERROR(AppendRow(db, info, *row, std::nullopt, records.records));
    }
  }
}

}  // namespace drift::ledger
