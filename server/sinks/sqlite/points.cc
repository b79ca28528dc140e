#include "sinks/sqlite/points.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/encoding.h"
#include "base/time_text.h"
#include "sinks/checked_batch.h"
#include "sinks/match.h"
#include "sinks/nearest.h"
#include "sinks/payload_json.h"

namespace drift::sqlite {
namespace {

static_assert(std::endian::native == std::endian::little,
              "vectors are stored as they lie in memory");

constexpr char kPointColumns[] =
    "id, key, chunk, source_version, revision, run_id, model, text_sha256, embedded_at, payload, "
    "text, embedding";
constexpr char kHeadColumns[] = "id, key, chunk, source_version, revision, model, text_sha256";

std::string UpsertSql(const std::string& table) {
  return fmt::format(
      "INSERT INTO {} AS old (id, embedding, key, chunk, source, source_version, revision, run_id, "
      "model, text_sha256, embedded_at, payload, text) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) "
      "ON CONFLICT (id) DO UPDATE SET embedding = excluded.embedding, key = excluded.key, "
      "chunk = excluded.chunk, source = excluded.source, "
      "source_version = excluded.source_version, revision = excluded.revision, "
      "run_id = excluded.run_id, model = excluded.model, text_sha256 = excluded.text_sha256, "
      "embedded_at = excluded.embedded_at, payload = excluded.payload, text = excluded.text "
      "WHERE (old.revision, old.source_version) <= (excluded.revision, excluded.source_version)",
      table);
}

std::string_view AsBytes(const Vector& vector) {
  const auto values = vector.values();
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

Vector ReadVector(std::string_view bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return Vector(std::move(values));
}

Sha256Digest ReadDigest(std::string_view hex) {
  Sha256Digest digest{};
  const auto bytes = HexDecode(hex);
  if (bytes.ok() && bytes->size() == digest.size()) {
    std::copy(bytes->begin(), bytes->end(), digest.begin());
  }
  return digest;
}

Uuid ReadId(std::string_view bytes) {
  return bytes.size() == Uuid().bytes.size() ? UuidFromBytes(bytes) : Uuid();
}

// What a user changed by hand is read as far as it can be: the next write puts it right.
Point ReadPoint(const SqliteStatement& row, bool with_vector) {
  int column = 0;
  Point point;
  point.id = ReadId(row.Blob(column));
  point.key = row.String(++column);
  point.chunk = static_cast<int32_t>(row.Int(++column));
  point.guard.version = row.Int(++column);
  point.guard.revision = static_cast<int32_t>(row.Int(++column));
  point.run_id = row.String(++column);
  point.model = row.String(++column);
  point.text_sha256 = ReadDigest(row.Text(++column));
  point.embedded_at = ParseTime(row.Text(++column)).value_or(WallTime());
  if (auto payload = PayloadFromJson(row.Text(++column)); payload.ok()) {
    point.payload = *std::move(payload);
  }
  if (!row.IsNull(++column)) point.text = row.String(column);
  if (with_vector) point.vector = ReadVector(row.Blob(++column));
  return point;
}

PointHead ReadHead(const SqliteStatement& row) {
  int column = 0;
  PointHead head;
  head.id = ReadId(row.Blob(column));
  head.key = row.String(++column);
  head.chunk = static_cast<int32_t>(row.Int(++column));
  head.guard.version = row.Int(++column);
  head.guard.revision = static_cast<int32_t>(row.Int(++column));
  head.model = row.String(++column);
  head.text_sha256 = ReadDigest(row.Text(++column));
  return head;
}

Status WritePoint(const std::string& source, const Point& point, SqliteStatement& write) {
  const std::string digest = HexEncode(
      {reinterpret_cast<const char*>(point.text_sha256.data()), point.text_sha256.size()});
  const std::string embedded_at = FormatTime(point.embedded_at);
  const std::string payload = PayloadJson(point.payload);
  return write.RunWith(SqliteBlob{point.id.view()}, SqliteBlob{AsBytes(point.vector)}, point.key,
                       point.chunk, source, point.guard.version, point.guard.revision, point.run_id,
                       point.model, digest, embedded_at, payload, point.text);
}

}  // namespace

Status WritePoints(const std::string& table, const PointBatch& batch,
                   std::span<const size_t> indexes, SqliteDatabase& db) {
  // In the order of ids their index is entered from one end to the other, each page once.
  std::vector<size_t> ordered(indexes.begin(), indexes.end());
  std::sort(ordered.begin(), ordered.end(),
            [&batch](size_t a, size_t b) { return batch.points[a].id < batch.points[b].id; });
  ASSIGN_OR_RETURN(auto transaction, SqliteTransaction::Begin(db, SqliteTransaction::Kind::kWrite));
  {
    ASSIGN_OR_RETURN(SqliteStatement write, db.Prepare(UpsertSql(table)));
    for (const size_t index : ordered) {
      RETURN_IF_ERROR(WritePoint(batch.source, batch.points[index], write));
    }
  }
  return transaction.Commit();
}

Status DeletePoints(const std::string& table, std::span<const Sink::Deletion> deletions,
                    SqliteDatabase& db) {
  ASSIGN_OR_RETURN(auto transaction, SqliteTransaction::Begin(db, SqliteTransaction::Kind::kWrite));
  {
    ASSIGN_OR_RETURN(SqliteStatement remove,
                     db.Prepare(fmt::format("DELETE FROM {} WHERE id = ? AND "
                                            "(revision, source_version) <= (?, ?)",
                                            table)));
    for (const auto& [id, guard] : deletions) {
      RETURN_IF_ERROR(remove.RunWith(SqliteBlob{id.view()}, guard.revision, guard.version));
    }
  }
  return transaction.Commit();
}

StatusOr<SourcePoints> DescribeSource(const std::string& table, const std::string& source,
                                      SqliteDatabase& db) {
  ASSIGN_OR_RETURN(
      SqliteStatement read,
      db.Prepare(fmt::format("SELECT count(*), max(revision) FROM {} WHERE source = ?", table)));
  read.BindAll(source);
  ASSIGN_OR_RETURN(const bool found, read.Step());
  if (!found) return SourcePoints();
  return SourcePoints{read.Int(0), static_cast<int32_t>(read.Int(1))};
}

StatusOr<std::vector<Point>> ReadPoints(const std::string& table, std::span<const Uuid> ids,
                                        bool with_vectors, SqliteDatabase& db) {
  ASSIGN_OR_RETURN(SqliteStatement read,
                   db.Prepare(fmt::format("SELECT {} FROM {} WHERE id = ?", kPointColumns, table)));
  std::vector<Point> out;
  out.reserve(ids.size());
  for (const Uuid& id : ids) {
    read.BindAll(SqliteBlob{id.view()});
    ASSIGN_OR_RETURN(const bool found, read.Step());
    if (found) out.push_back(ReadPoint(read, with_vectors));
  }
  return out;
}

StatusOr<std::vector<Hit>> SearchPoints(const std::string& table, const std::string& source,
                                        const Vector& query, size_t k, const SearchFilter& filter,
                                        SqliteDatabase& db) {
  const CosineTo cosine(query.values());
  TopK<int64_t> best(k);
  {
    ASSIGN_OR_RETURN(SqliteStatement scan,
                     db.Prepare(fmt::format("SELECT rowid, embedding{} FROM {} WHERE source = ?",
                                            filter.empty() ? "" : ", payload", table)));
    scan.BindAll(source);
    for (;;) {
      ASSIGN_OR_RETURN(const bool row, scan.Step());
      if (!row) break;
      const std::string_view embedding = scan.Blob(1);
      if (embedding.size() != query.size() * sizeof(float)) continue;
      const float score = cosine(embedding.data());
      if (!best.Wants(score)) continue;
      if (!filter.empty()) {
        const auto payload = PayloadFromJson(scan.Text(2));
        if (!payload.ok() || !Matches(*payload, filter)) continue;
      }
      best.Add(score, scan.Int(0));
    }
  }
  ASSIGN_OR_RETURN(SqliteStatement read, db.Prepare(fmt::format("SELECT {} FROM {} WHERE rowid = ?",
                                                                kPointColumns, table)));
  std::vector<Hit> out;
  for (const auto& [score, rowid] : best.Take()) {
    read.BindAll(rowid);
    ASSIGN_OR_RETURN(const bool found, read.Step());
    if (found) out.push_back({score, ReadPoint(read, /*with_vector=*/false)});
  }
  return out;
}

StatusOr<std::vector<PointHead>> ListHeads(const std::string& table, const std::string& source,
                                           std::optional<Uuid> after, size_t limit,
                                           SqliteDatabase& db) {
  // The plus keeps SQLite off the index over sources: the ids' own index has the order wanted.
  ASSIGN_OR_RETURN(SqliteStatement read,
                   db.Prepare(fmt::format("SELECT {} FROM {} WHERE id > ? AND +source = ? "
                                          "ORDER BY id LIMIT ?",
                                          kHeadColumns, table)));
  const std::string_view from = after ? after->view() : std::string_view();
  read.BindAll(SqliteBlob{from}, source, static_cast<int64_t>(limit));
  std::vector<PointHead> out;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) return out;
    out.push_back(ReadHead(read));
  }
}

StatusOr<int64_t> SweepPoints(const std::string& table, const std::string& source,
                              int32_t below_revision, SqliteDatabase& db) {
  ASSIGN_OR_RETURN(
      SqliteStatement remove,
      db.Prepare(fmt::format("DELETE FROM {} WHERE source = ? AND revision < ?", table)));
  RETURN_IF_ERROR(remove.RunWith(source, below_revision));
  return db.changes();
}

}  // namespace drift::sqlite
