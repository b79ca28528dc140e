#include <libpq-fe.h>

#include <bit>
#include <cstring>

#include "net/pg_value.h"
#include "tests/bench/sink_bare.h"

namespace drift::bench {
namespace {

constexpr char kColumns[] =
    "key jsonb, chunk int, source text, source_version bigint, revision int, run_id text, "
    "model text, text_sha256 text, embedded_at timestamptz, payload jsonb, text text";

class Postgres final : public BareLoader {
 public:
  Postgres(uint16_t port, const std::string& database)
      : db_(PQconnectdb(
            fmt::format("host=127.0.0.1 port={} user=drift dbname={}", port, database).c_str())) {
    if (PQstatus(db_) != CONNECTION_OK) Fail(PQerrorMessage(db_));
  }
  ~Postgres() override { PQfinish(db_); }

  void Create(int32_t dimensions) override {
    Run("SET client_min_messages = warning");
    Run("CREATE EXTENSION IF NOT EXISTS vector");
    Remove();
    Run(fmt::format("CREATE TABLE bare (id uuid PRIMARY KEY, embedding vector({}), {})", dimensions,
                    kColumns));
    Run("DROP TABLE IF EXISTS stage");
    Run("CREATE TEMP TABLE stage (LIKE bare) ON COMMIT DELETE ROWS");
  }

  void Insert(std::span<const Point> points) override { Copy("bare", points); }

  void Update(std::span<const Point> points) override {
    Run("BEGIN");
    Copy("stage", points);
    Run("INSERT INTO bare SELECT * FROM stage ON CONFLICT (id) DO UPDATE SET "
        "embedding = excluded.embedding, key = excluded.key, chunk = excluded.chunk, "
        "source = excluded.source, source_version = excluded.source_version, "
        "revision = excluded.revision, run_id = excluded.run_id, model = excluded.model, "
        "text_sha256 = excluded.text_sha256, embedded_at = excluded.embedded_at, "
        "payload = excluded.payload, text = excluded.text");
    Run("COMMIT");
  }

  void Remove() override { Run("DROP TABLE IF EXISTS bare"); }

 private:
  void Copy(const char* table, std::span<const Point> points) {
    PGresult* result =
        PQexec(db_, fmt::format("COPY {} FROM STDIN (FORMAT binary)", table).c_str());
    if (PQresultStatus(result) != PGRES_COPY_IN) Fail(PQerrorMessage(db_));
    PQclear(result);
    std::string out("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    constexpr size_t kPiece = 256 << 10;
    for (const Point& point : points) {
      Row(point, out);
      if (out.size() < kPiece) continue;
      PQputCopyData(db_, out.data(), static_cast<int>(out.size()));
      out.clear();
    }
    pg_wire::Int2(out, -1);
    PQputCopyData(db_, out.data(), static_cast<int>(out.size()));
    PQputCopyEnd(db_, nullptr);
    while ((result = PQgetResult(db_)) != nullptr) {
      if (PQresultStatus(result) != PGRES_COMMAND_OK) Fail(PQerrorMessage(db_));
      PQclear(result);
    }
  }

  static void Field(std::string& out, std::string_view bytes) {
    pg_wire::Int4(out, static_cast<int32_t>(bytes.size()));
    out.append(bytes);
  }
  static void Row(const Point& point, std::string& out) {
    const auto values = point.vector.values();
    pg_wire::Int2(out, 13);
    Field(out, point.id.view());
    pg_wire::Int4(out, static_cast<int32_t>(4 + values.size_bytes()));
    pg_wire::Int2(out, static_cast<int16_t>(values.size()));
    pg_wire::Int2(out, 0);
    const size_t place = out.size();
    out.resize(place + values.size_bytes());
    for (size_t i = 0; i < values.size(); ++i) {
      const uint32_t bits = __builtin_bswap32(std::bit_cast<uint32_t>(values[i]));
      std::memcpy(out.data() + place + i * sizeof(bits), &bits, sizeof(bits));
    }
    Field(out, "\1" + point.key);
    pg_wire::Int4(out, 4);
    pg_wire::Int4(out, point.chunk);
    Field(out, "docs");
    pg_wire::Int4(out, 8);
    pg_wire::Int8(out, point.guard.version);
    pg_wire::Int4(out, 4);
    pg_wire::Int4(out, point.guard.revision);
    Field(out, point.run_id);
    Field(out, point.model);
    Field(out, Digest(point));
    pg_wire::Int4(out, 8);
    pg_wire::Timestamp(out, point.embedded_at);
    Field(out, "\1" + PayloadJson(point.payload));
    Field(out, *point.text);
  }
  void Run(const std::string& sql) {
    PGresult* result = PQexec(db_, sql.c_str());
    if (PQresultStatus(result) == PGRES_FATAL_ERROR) Fail(PQerrorMessage(db_));
    PQclear(result);
  }

  PGconn* const db_;
};

}  // namespace

std::unique_ptr<BareLoader> BarePostgres(uint16_t port, const std::string& database) {
  return std::make_unique<Postgres>(port, database);
}

}  // namespace drift::bench
