#include <algorithm>
#include <limits>
#include <set>

#include "core/key.h"
#include "ledger/pg_lookup.h"
#include "ledger/pg_rows.h"

namespace drift::ledger {
namespace {

PgParams PlaceParams(std::span<const int64_t> places) {
  PgArray array(PgType::kInt8);
  for (const int64_t place : places) array.Int(place);
  PgParams params;
  params.Array(array);
  return params;
}

std::vector<int64_t> PlacesToFind(const std::vector<Target>& targets,
                                  const ProvenanceFilter& filter) {
  std::vector<int64_t> places;
  for (const Target& target : targets) {
    if (filter.point_id) {
      places.push_back(PointPlace(target.id, *filter.point_id));
      continue;
    }
    for (const std::string& key : filter.keys) {
      places.push_back(RowPlace(target.id, target.key.pipeline, key));
    }
  }
  return places;
}

}  // namespace

// -- by key, by point -----------------------------------------------------------------------------

StatusOr<std::vector<ProvenanceRecord>> PgProvenance::Find(const std::vector<Target>& targets,
                                                           const ProvenanceFilter& filter) {
  std::vector<int64_t> places = PlacesToFind(targets, filter);
  if (filter.point_id) {
    // It may be a row's second chunk, or a later one.
    RETURN_IF_ERROR(
        AddFirsts("SELECT first FROM more_points WHERE point = ANY($1)"
                  " UNION SELECT first FROM more_deleted_points WHERE point = ANY($1)",
                  places));
  }
  std::vector<std::pair<int64_t, StoredRow>> rows;
  std::vector<StoredDeletion> deletions;
  RETURN_IF_ERROR(LoadAt(std::move(places), rows, deletions));
  const std::set<std::string_view> keys(filter.keys.begin(), filter.keys.end());
  const auto wanted = [&](std::string_view key) { return keys.empty() || keys.contains(key); };
  std::vector<ProvenanceRecord> out;
  for (const Target& target : targets) {
    for (const auto& [place, row] : rows) {
      if (TargetOfPlace(place) != target.id || !wanted(row.state.key)) continue;
      Append(target, row, filter.point_id, out);
    }
    for (const StoredDeletion& row : deletions) {
      if (TargetOfPlace(row.id) != target.id || !wanted(row.deletion.key)) continue;
      Append(target, row, filter.point_id, out);
    }
  }
  return out;
}

Status PgProvenance::AddFirsts(const char* sql, std::vector<int64_t>& places) {
  ASSIGN_OR_RETURN(const PgResult firsts, session_.pg().Execute(sql, PlaceParams(places), {}));
  for (int i = 0; i < firsts.rows(); ++i) places.push_back(firsts.Int(i, 0));
  return OkStatus();
}

Status PgProvenance::LoadAt(std::vector<int64_t> places,
                            std::vector<std::pair<int64_t, StoredRow>>& rows,
                            std::vector<StoredDeletion>& deletions) {
  std::vector<int64_t> commits;
  RETURN_IF_ERROR(LoadPlaces(session_.pg(), places, [&](StoredRow row, int64_t place) {
    commits.push_back(row.written);
    rows.emplace_back(place, std::move(row));
  }));
  ASSIGN_OR_RETURN(const PgResult gone,
                   session_.pg().Execute("SELECT id, key, state FROM deletions"
                                         " WHERE point = ANY($1) ORDER BY id DESC",
                                         PlaceParams(places), {}));
  for (int i = 0; i < gone.rows(); ++i) {
    ASSIGN_OR_RETURN(StoredDeletion row, DecodeDeletion(gone.Text(i, 1), gone.Bytes(i, 2)));
    row.id = gone.Int(i, 0);
    commits.push_back(row.deleted);
    commits.push_back(row.last.written);
    deletions.push_back(std::move(row));
  }
  return LoadCommits(commits);
}

// -- page by page ---------------------------------------------------------------------------------

StatusOr<std::vector<StoredRecords>> PgProvenance::Load(const Target& target, bool deleted,
                                                        int64_t from, int64_t limit) {
  return deleted ? LoadDeleted(target, from, limit) : LoadLive(target, from, limit);
}

StatusOr<std::vector<StoredRecords>> PgProvenance::LoadLive(const Target& target, int64_t from,
                                                            int64_t limit) {
  PgParams params;
  params.Int(std::max(from, FirstPlace(target.id))).Int(FirstPlace(target.id + 1)).Int(limit);
  ASSIGN_OR_RETURN(const PgResult found,
                   session_.pg().Execute("SELECT point, key, state FROM rows"
                                         " WHERE point >= $1 AND point < $2 ORDER BY point"
                                         " FETCH FIRST ($3) ROWS WITH TIES",
                                         params, {}));
  std::vector<std::pair<int64_t, StoredRow>> rows;
  std::vector<int64_t> commits;
  for (int i = 0; i < found.rows(); ++i) {
    ASSIGN_OR_RETURN(StoredRow row, DecodeState(found.Text(i, 1), found.Bytes(i, 2)));
    commits.push_back(row.written);
    rows.emplace_back(found.Int(i, 0), std::move(row));
  }
  RETURN_IF_ERROR(LoadCommits(commits));
  std::vector<StoredRecords> out;
  size_t first = 0;  // of the rows of one place
  for (const auto& [place, row] : rows) {
    if (out.empty() || out.back().row != place) first = out.size();
    out.push_back({place, {}});
    // A page goes on at a place, so rows that share one are one.
    Append(target, row, std::nullopt, out[first].records);
  }
  return out;
}

StatusOr<std::vector<StoredRecords>> PgProvenance::LoadDeleted(const Target& target, int64_t from,
                                                               int64_t limit) {
  PgParams params;
  params.Int(FirstPlace(target.id)).Int(from == 0 ? std::numeric_limits<int64_t>::max() : from);
  params.Int(FirstPlace(target.id + 1)).Int(limit);
  ASSIGN_OR_RETURN(const PgResult found,
                   session_.pg().Execute("SELECT id, key, state FROM deletions WHERE id >= $1"
                                         " AND id <= $2 AND id < $3 ORDER BY id DESC LIMIT $4",
                                         params, {}));
  std::vector<StoredDeletion> rows;
  std::vector<int64_t> commits;
  for (int i = 0; i < found.rows(); ++i) {
    ASSIGN_OR_RETURN(StoredDeletion row, DecodeDeletion(found.Text(i, 1), found.Bytes(i, 2)));
    row.id = found.Int(i, 0);
    commits.push_back(row.deleted);
    commits.push_back(row.last.written);
    rows.push_back(std::move(row));
  }
  RETURN_IF_ERROR(LoadCommits(commits));
  std::vector<StoredRecords> out;
  for (const StoredDeletion& row : rows) {
    out.push_back({row.id, {}});
    Append(target, row, std::nullopt, out.back().records);
  }
  return out;
}

// -- records --------------------------------------------------------------------------------------

Status PgProvenance::LoadCommits(std::span<const int64_t> numbers) {
  const std::set<int64_t> distinct(numbers.begin(), numbers.end());
  const std::vector<int64_t> sorted(distinct.begin(), distinct.end());
  ASSIGN_OR_RETURN(const PgResult commits,
                   session_.pg().Execute("SELECT c.seq, coalesce(r.id, ''), c.at FROM commits c"
                                         " LEFT JOIN runs r ON r.seq = c.run WHERE c.seq = ANY($1)",
                                         PlaceParams(sorted), {}));
  for (int i = 0; i < commits.rows(); ++i) {
    commits_[commits.Int(i, 0)] = {commits.String(i, 1),
                                   WallTime(std::chrono::microseconds(commits.Int(i, 2)))};
  }
  return OkStatus();
}

CommitInfo PgProvenance::CommitOf(int64_t number) const {
  const auto found = commits_.find(number);
  return found == commits_.end() ? CommitInfo() : found->second;
}

void PgProvenance::Append(const Target& target, const StoredRow& row,
                          const std::optional<Uuid>& point_id,
                          std::vector<ProvenanceRecord>& out) const {
  AppendRecords(target, row.state, CommitOf(row.written), nullptr, point_id, out);
}

void PgProvenance::Append(const Target& target, const StoredDeletion& row,
                          const std::optional<Uuid>& point_id,
                          std::vector<ProvenanceRecord>& out) const {
  const DeletionInfo deletion{row.deletion.guard, CommitOf(row.deleted),
                              row.deletion.points_removed};
  AppendRecords(target, row.last.state, CommitOf(row.last.written), &deletion, point_id, out);
}

}  // namespace drift::ledger
