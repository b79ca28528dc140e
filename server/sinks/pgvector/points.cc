#include "sinks/pgvector/points.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "net/pg_copy.h"
#include "sinks/checked_batch.h"
#include "sinks/pgvector/codec.h"

namespace drift::pgvector {
namespace {

// Rows whose vectors come in one answer, in memory twice.
constexpr size_t kMaxReads = 500;

// What hnsw.ef_search may be.
constexpr size_t kLeastCandidates = 40;
constexpr size_t kMostCandidates = 1000;

// A row's column equal to a text as people write it; see sinks/match.h. Parameters $n and $n+1.
std::string Condition(size_t column, bool number) {
  const std::string equal = fmt::format(
      "payload ->> ${0}::text = ${1}::text AND "
      "jsonb_typeof(payload -> ${0}::text) NOT IN ('object', 'array')",
      column, column + 1);
  if (!number) return fmt::format(" AND {}", equal);
  return fmt::format(" AND ({} OR payload -> ${}::text = to_jsonb(${}::text::numeric))", equal,
                     column, column + 1);
}

bool IsNumber(std::string_view text) {
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() &&
         std::isfinite(number);
}

Status CopyPoints(std::string_view table, const PointBatch& batch, std::span<const size_t> indexes,
                  PgConnection& connection, std::stop_token stop) {
  // In the order of ids, so that two writers wait for each other instead of both for each other.
  std::vector<size_t> ordered(indexes.begin(), indexes.end());
  std::sort(ordered.begin(), ordered.end(),
            [&batch](size_t a, size_t b) { return batch.points[a].id < batch.points[b].id; });
  const std::string sql = fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", table, Columns());
  ASSIGN_OR_RETURN(PgCopyWriter copy, PgCopyWriter::Begin(connection, sql, stop));
  for (const size_t index : ordered) {
    RETURN_IF_ERROR(CopyPoint(batch.source, batch.points[index], copy));
  }
  return copy.Finish().status();
}

}  // namespace

Status WriteChunk(const Known& known, const PointBatch& batch, std::span<const size_t> indexes,
                  PgConnection& connection, std::stop_token stop) {
  ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::Begin(connection, stop));
  RETURN_IF_ERROR(connection.Script(CreateStageSql(known.layout), stop));
  RETURN_IF_ERROR(CopyPoints(kStage, batch, indexes, connection, stop));
  RETURN_IF_ERROR(connection.Execute(UpsertSql(known.layout), stop).status());
  return transaction.Commit(stop);
}

Status InsertChunk(const Known& known, const PointBatch& batch, std::span<const size_t> indexes,
                   PgConnection& connection, std::stop_token stop) {
  return CopyPoints(known.layout.quoted_table, batch, indexes, connection, stop);
}

Status DeletePoints(const Known& known, std::span<const Sink::Deletion> deletions,
                    PgConnection& connection, std::stop_token stop) {
  std::vector<Sink::Deletion> newest = NewestDeletions(deletions);
  if (newest.empty()) return OkStatus();
  std::sort(newest.begin(), newest.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  PgArray ids(PgType::kUuid);
  PgArray revisions(PgType::kInt4);
  PgArray versions(PgType::kInt8);
  for (const auto& [id, guard] : newest) {
    ids.Id(id);
    revisions.Int4(guard.revision);
    versions.Int(guard.version);
  }
  PgParams params;
  params.Array(ids).Array(revisions).Array(versions);
  // Locked in the order of ids first: a join may touch them in any other.
  return connection
      .Execute(fmt::format(
                   "WITH wanted AS MATERIALIZED (SELECT * FROM unnest($1, $2, $3) AS "
                   "w(id, revision, version)), "
                   "locked AS MATERIALIZED (SELECT old.id FROM {0} AS old JOIN wanted USING (id) "
                   "WHERE (old.revision, old.source_version) <= (wanted.revision, wanted.version) "
                   "ORDER BY old.id FOR UPDATE OF old) "
                   "DELETE FROM {0} WHERE id IN (SELECT id FROM locked)",
                   known.layout.quoted_table),
               params, stop)
      .status();
}

StatusOr<SourcePoints> DescribeSource(const Known& known, const std::string& source,
                                      PgConnection& connection, std::stop_token stop) {
  PgParams params;
  params.Text(source);
  ASSIGN_OR_RETURN(
      const PgResult rows,
      connection.Execute(fmt::format("SELECT count(*), max(revision) FROM {} WHERE source = $1",
                                     known.layout.quoted_table),
                         params, stop));
  return SourcePoints{rows.Int(0, 0), static_cast<int32_t>(rows.Int(0, 1))};
}

StatusOr<std::vector<Point>> ReadPoints(const Known& known, std::span<const Uuid> ids,
                                        bool with_vectors, PgConnection& connection,
                                        std::stop_token stop) {
  // Without the column's dimensions in its type, so that a table made anew has the same result.
  const std::string embedding =
      with_vectors ? "embedding::" + known.layout.Vector() : "NULL::" + known.layout.Vector();
  const std::string sql = fmt::format("SELECT {} FROM {} WHERE id = ANY($1)",
                                      PointColumns(embedding), known.layout.quoted_table);
  std::vector<Point> out;
  out.reserve(ids.size());
  while (!ids.empty()) {
    const auto page = ids.first(std::min(ids.size(), kMaxReads));
    ids = ids.subspan(page.size());
    PgArray array(PgType::kUuid);
    for (const Uuid& id : page) array.Id(id);
    PgParams params;
    params.Array(array);
    ASSIGN_OR_RETURN(const PgResult rows, connection.Execute(sql, params, stop));
    for (int row = 0; row < rows.rows(); ++row) out.push_back(ReadPoint(rows, row));
  }
  return out;
}

StatusOr<std::vector<Hit>> SearchPoints(const Known& known, const std::string& source,
                                        const Vector& query, size_t k, const SearchFilter& filter,
                                        PgConnection& connection, std::stop_token stop) {
  const Layout& layout = known.layout;
  PgParams params;
  params.Put(PgType::kUnknown, [&](std::string& out) { AppendVector(out, query); });
  params.Text(source).Int(static_cast<int64_t>(k));
  std::string conditions = "source = $2";
  for (const auto& [column, text] : filter) {
    conditions += Condition(params.size() + 1, IsNumber(text));
    params.Text(column).Text(text);
  }
  // The nearest by the index, then by the vectors themselves: half precision only finds candidates.
  const std::string sql = fmt::format(
      "WITH found AS MATERIALIZED (SELECT *, {0} AS distance FROM {1} WHERE {2} "
      "ORDER BY {3} LIMIT $3) SELECT {4}, distance FROM found ORDER BY distance",
      layout.Distance("embedding", "$1::" + layout.Vector()), layout.quoted_table, conditions,
      IndexedDistance(layout, known.dimensions, "$1"), PointColumns("NULL::" + layout.Vector()));

  ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::Begin(connection, stop));
  RETURN_IF_ERROR(connection.Script(
      fmt::format(
          "SET LOCAL hnsw.ef_search = {};{}", std::clamp(k, kLeastCandidates, kMostCandidates),
          // Goes on until k rows pass the conditions, not only the first candidates.
          layout.has_iterative_scan() ? "SET LOCAL hnsw.iterative_scan = strict_order" : ""),
      stop));
  ASSIGN_OR_RETURN(const PgResult rows, connection.Execute(sql, params, stop));
  std::vector<Hit> out;
  out.reserve(static_cast<size_t>(rows.rows()));
  for (int row = 0; row < rows.rows(); ++row) {
    out.push_back({1 - rows.Real(row, rows.columns() - 1), ReadPoint(rows, row)});
  }
  RETURN_IF_ERROR(transaction.Commit(stop));
  return out;
}

StatusOr<std::vector<PointHead>> ListHeads(const Known& known, const std::string& source,
                                           std::optional<Uuid> after, size_t limit,
                                           PgConnection& connection, std::stop_token stop) {
  PgParams params;
  params.Text(source).Int(static_cast<int64_t>(limit));
  after ? params.Id(*after) : params.Null(PgType::kUuid);
  ASSIGN_OR_RETURN(
      const PgResult rows,
      connection.Execute(fmt::format("SELECT {} FROM {} WHERE source = $1 AND ($3 IS NULL OR "
                                     "id > $3) ORDER BY id LIMIT $2",
                                     kHeadColumns, known.layout.quoted_table),
                         params, stop));
  std::vector<PointHead> out;
  out.reserve(static_cast<size_t>(rows.rows()));
  for (int row = 0; row < rows.rows(); ++row) out.push_back(ReadHead(rows, row));
  return out;
}

StatusOr<int64_t> SweepPoints(const Known& known, const std::string& source, int32_t below_revision,
                              PgConnection& connection, std::stop_token stop) {
  PgParams params;
  params.Text(source).Int4(below_revision);
  ASSIGN_OR_RETURN(const PgResult result,
                   connection.Execute(fmt::format("DELETE FROM {} WHERE source = $1 AND "
                                                  "revision < $2",
                                                  known.layout.quoted_table),
                                      params, stop));
  return result.affected();
}

Status DeleteSource(const Known& known, const std::string& source, PgConnection& connection,
                    std::stop_token stop) {
  PgParams params;
  params.Text(source);
  return connection
      .Execute(fmt::format("DELETE FROM {} WHERE source = $1", known.layout.quoted_table), params,
               stop)
      .status();
}

}  // namespace drift::pgvector
