#include "ledger/pg_rows.h"

#include <algorithm>

#include "net/pg_copy.h"

namespace drift::ledger {
namespace {

template <typename T>
void SortByPlace(std::vector<T>& changes) {
  std::stable_sort(changes.begin(), changes.end(),
                   [](const T& a, const T& b) { return a.place < b.place; });
}

template <typename T>
PgArray PlacesIn(std::span<const T> changes) {
  PgArray places(PgType::kInt8);
  for (const T& change : changes) places.Int(change.place);
  return places;
}

// Places and keys, as $1 and $2.
PgParams KeyParams(std::span<const PgRowChanges::Row> rows) {
  PgArray keys(PgType::kText);
  for (const PgRowChanges::Row& row : rows) keys.Text(row.key);
  PgParams params;
  params.Array(PlacesIn(rows)).Array(keys);
  return params;
}

Status MustTouch(const StatusOr<PgResult>& result, size_t rows) {
  RETURN_IF_ERROR(result.status());
  if (result->affected() == static_cast<int64_t>(rows)) return OkStatus();
  return DataLoss("the ledger's rows are not as they were read: {} of {} are there",
                  result->affected(), rows);
}

Status Add(PgConnection& pg, std::vector<PgRowChanges::Row> rows) {
  if (rows.empty()) return OkStatus();
  SortByPlace(rows);
  ASSIGN_OR_RETURN(PgCopyWriter copy,
                   PgCopyWriter::Begin(
                       pg, "COPY rows (point, text, key, state) FROM STDIN (FORMAT binary)", {}));
  for (const PgRowChanges::Row& row : rows) {
    RETURN_IF_ERROR(copy.Row(4));
    copy.Int(row.place);
    if (row.text)
      copy.Int(*row.text);
    else
      copy.Null(PgType::kInt8);
    copy.Text(row.key).Bytes(row.state);
  }
  return copy.Finish().status();
}

Status Update(PgConnection& pg, std::vector<PgRowChanges::Row> rows) {
  if (rows.empty()) return OkStatus();
  SortByPlace(rows);
  PgArray texts(PgType::kInt8);
  PgArray states(PgType::kBytes);
  for (const PgRowChanges::Row& row : rows) {
    if (row.text)
      texts.Int(*row.text);
    else
      texts.Null(PgType::kInt8);
    states.Bytes(row.state);
  }
  PgParams params = KeyParams(rows);
  params.Array(texts).Array(states);
  return MustTouch(pg.Execute("UPDATE rows r SET text = c.text, state = c.state"
                              " FROM unnest($1, $2, $3, $4) AS c (point, key, text, state)"
                              " WHERE r.point = c.point AND r.key = c.key",
                              params, {}),
                   rows.size());
}

Status Remove(PgConnection& pg, std::vector<PgRowChanges::Row> rows) {
  if (rows.empty()) return OkStatus();
  SortByPlace(rows);
  return MustTouch(pg.Execute("DELETE FROM rows r USING unnest($1, $2) AS c (point, key)"
                              " WHERE r.point = c.point AND r.key = c.key",
                              KeyParams(rows), {}),
                   rows.size());
}

Status AddMore(PgConnection& pg, std::vector<PgRowChanges::MorePoint> points) {
  if (points.empty()) return OkStatus();
  SortByPlace(points);
  ASSIGN_OR_RETURN(PgCopyWriter copy,
                   PgCopyWriter::Begin(
                       pg, "COPY more_points (point, first, text) FROM STDIN (FORMAT binary)", {}));
  for (const PgRowChanges::MorePoint& point : points) {
    RETURN_IF_ERROR(copy.Row(3));
    copy.Int(point.place).Int(point.first).Int(point.text);
  }
  return copy.Finish().status();
}

Status RemoveMore(PgConnection& pg, std::vector<PgRowChanges::MorePoint> points) {
  if (points.empty()) return OkStatus();
  SortByPlace(points);
  PgArray firsts(PgType::kInt8);
  for (const PgRowChanges::MorePoint& point : points) firsts.Int(point.first);
  PgParams params;
  params.Array(PlacesIn<PgRowChanges::MorePoint>(points)).Array(firsts);
  return pg
      .Execute(
          "DELETE FROM more_points m USING unnest($1, $2) AS c (point, first)"
          " WHERE m.point = c.point AND m.first = c.first",
          params, {})
      .status();
}

// Numbered in the order they come; the target stands in front, as in places.
Status AddDeletions(PgConnection& pg, int64_t target_id,
                    const std::vector<PgRowChanges::Deletion>& rows) {
  if (rows.empty()) return OkStatus();
  PgArray keys(PgType::kText);
  PgArray states(PgType::kBytes);
  for (const PgRowChanges::Deletion& row : rows) {
    keys.Text(row.key);
    states.Bytes(row.state);
  }
  PgParams params;
  params.Array(PlacesIn<PgRowChanges::Deletion>(rows)).Array(keys).Array(states);
  params.Int(FirstPlace(target_id));
  return pg
      .Execute(
          "INSERT INTO deletions (id, point, key, state)"
          " SELECT $4 + nextval('deletion_numbers'), point, key, state"
          " FROM unnest($1, $2, $3) AS c (point, key, state)",
          params, {})
      .status();
}

Status AddMoreDeleted(PgConnection& pg, const std::vector<PgRowChanges::DeletedPoint>& points) {
  if (points.empty()) return OkStatus();
  PgArray firsts(PgType::kInt8);
  for (const PgRowChanges::DeletedPoint& point : points) firsts.Int(point.first);
  PgParams params;
  params.Array(PlacesIn<PgRowChanges::DeletedPoint>(points)).Array(firsts);
  return pg
      .Execute(
          "INSERT INTO more_deleted_points (point, first) SELECT * FROM unnest($1, $2)"
          " ON CONFLICT DO NOTHING",
          params, {})
      .status();
}

}  // namespace

Status LoadPlaces(PgConnection& pg, std::span<const int64_t> places,
                  const std::function<void(StoredRow row, int64_t place)>& visit) {
  if (places.empty()) return OkStatus();
  PgArray wanted(PgType::kInt8);
  for (const int64_t place : places) wanted.Int(place);
  PgParams params;
  params.Array(wanted);
  ASSIGN_OR_RETURN(
      const PgResult rows,
      pg.Execute("SELECT point, key, state FROM rows WHERE point = ANY($1)", params, {}));
  for (int i = 0; i < rows.rows(); ++i) {
    ASSIGN_OR_RETURN(StoredRow row, DecodeState(rows.Text(i, 1), rows.Bytes(i, 2)));
    visit(std::move(row), rows.Int(i, 0));
  }
  return OkStatus();
}

PgRowChanges::Row RowChange(int64_t target_id, int64_t place, const TextSpace& space,
                            const RowState& row, int64_t written) {
  PgRowChanges::Row change{place, row.key, std::nullopt, EncodeState(row, written)};
  if (!row.chunks.empty()) change.text = space.Place(row.chunks[0].text_sha256, target_id);
  return change;
}

Status WriteRows(PgConnection& pg, int64_t target_id, PgRowChanges changes) {
  RETURN_IF_ERROR(Remove(pg, std::move(changes.removed)));
  RETURN_IF_ERROR(RemoveMore(pg, std::move(changes.more_removed)));
  RETURN_IF_ERROR(Update(pg, std::move(changes.updated)));
  RETURN_IF_ERROR(Add(pg, std::move(changes.added)));
  RETURN_IF_ERROR(AddMore(pg, std::move(changes.more_added)));
  RETURN_IF_ERROR(AddDeletions(pg, target_id, changes.deletions));
  return AddMoreDeleted(pg, changes.more_deleted);
}

}  // namespace drift::ledger
