#include "sinks/pgvector/table.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "core/reasons.h"
#include "net/stamp.h"

namespace drift::pgvector {
namespace {

// One at a time in a database: making the extension, the table and the stamp. The number is "drif"
// in ASCII.
constexpr char kLockStamps[] = "SELECT pg_catalog.pg_advisory_xact_lock(1685219686, 0)";
// Building a table's index, which may take hours; of the session, so that its end is the lock's
// end.
constexpr char kLockBuild[] = "SELECT pg_catalog.pg_try_advisory_lock(1685219686, $1)";

constexpr std::chrono::milliseconds kNoTimeout{0};

// Puts the connection's own time back when the long statement is over.
class WithoutTimeout {
 public:
  WithoutTimeout(PgConnection& connection, std::chrono::milliseconds usual)
      : connection_(connection), usual_(usual) {
    connection_.set_call_timeout(kNoTimeout);
  }
  ~WithoutTimeout() { connection_.set_call_timeout(usual_); }
  WithoutTimeout(const WithoutTimeout&) = delete;
  WithoutTimeout& operator=(const WithoutTimeout&) = delete;

 private:
  PgConnection& connection_;
  const std::chrono::milliseconds usual_;
};

}  // namespace

struct Table::Found {
  CollectionInfo info;
  int64_t oid = 0;
};

StatusOr<Table::Found> Table::Find(const Layout& layout, PgConnection& connection,
                                   std::stop_token stop) {
  PgParams params;
  params.Text(layout.schema).Text(layout.table);
  ASSIGN_OR_RETURN(
      const PgResult rows,
      connection.Execute(
          "SELECT c.oid::int8, coalesce(obj_description(c.oid, 'pg_class'), ''), "
          "c.reltuples::float8, coalesce((SELECT a.atttypmod FROM pg_catalog.pg_attribute a WHERE "
          "a.attrelid = c.oid AND a.attname = 'embedding' AND NOT a.attisdropped), -1) "
          "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
          "WHERE n.nspname = $1 AND c.relname = $2",
          params, stop));
  Found found;
  if (rows.rows() == 0) return found;
  found.oid = rows.Int(0, 0);
  found.info.exists = true;
  found.info.dimensions = static_cast<int32_t>(std::max<int64_t>(rows.Int(0, 3), 0));
  if (auto stamp = StampFromJson(rows.Text(0, 1)); stamp.ok()) found.info.stamp = *stamp;
  found.info.points = static_cast<int64_t>(rows.Real(0, 2));
  return found;
}

StatusOr<CollectionInfo> Table::Describe(std::stop_token stop) {
  ASSIGN_OR_RETURN(auto connection, pool_.Acquire(stop));
  ASSIGN_OR_RETURN(const Layout layout, Resolve(config_, *connection, stop));
  ASSIGN_OR_RETURN(Found found, Find(layout, *connection, stop));
  // Never analyzed: the table is young, and counting it cheap.
  if (found.info.exists && found.info.points < 0) {
    ASSIGN_OR_RETURN(const PgResult rows,
                     connection->Execute("SELECT count(*) FROM " + layout.quoted_table, stop));
    found.info.points = rows.Int(0, 0);
  }
  return found.info;
}

StatusOr<std::shared_ptr<const Known>> Table::Get(PgConnection& connection, std::stop_token stop) {
  {
    MutexLock lock(mu_);
    if (known_ != nullptr) return known_;
  }
  auto known = std::make_shared<Known>();
  ASSIGN_OR_RETURN(known->layout, Resolve(config_, connection, stop));
  ASSIGN_OR_RETURN(const Found found, Find(known->layout, connection, stop));
  if (!found.info.exists || !known->layout.has_extension) {
    return NotFound("{} does not exist", config_.Name());
  }
  known->dimensions = found.info.dimensions;
  MutexLock lock(mu_);
  known_ = known;
  return known_;
}

void Table::ForgetKnown() {
  NoteChanged();
  MutexLock lock(mu_);
  known_ = nullptr;
}

// -- Prepare --------------------------------------------------------------------------------------

Status Table::EnsureExtension(Layout& layout, PgConnection& connection, std::stop_token stop) {
  if (layout.has_extension) return OkStatus();
  const Status made = connection.Script("CREATE EXTENSION IF NOT EXISTS vector", stop);
  if (made.code() == StatusCode::kPermissionDenied) {
    return WithRemedy(made, "let an administrator of the database run: CREATE EXTENSION vector");
  }
  if (made.code() == StatusCode::kFailedPrecondition) {
    return WithRemedy(made, "install pgvector on the database server");
  }
  RETURN_IF_ERROR(made);
  ASSIGN_OR_RETURN(layout, Resolve(config_, connection, stop));
  return OkStatus();
}

Status Table::SetStamp(const Layout& layout, const CollectionStamp& stamp, PgConnection& connection,
                       std::stop_token stop) {
  return connection.Script(fmt::format("COMMENT ON TABLE {} IS {}", layout.quoted_table,
                                       PgQuoteLiteral(StampToJson(stamp))),
                           stop);
}

StatusOr<bool> Table::Prepare(const CollectionSpec& spec, std::stop_token stop) {
  ForgetKnown();
  ASSIGN_OR_RETURN(auto connection, pool_.Acquire(stop));
  ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::Begin(*connection, stop));
  RETURN_IF_ERROR(connection->Script(kLockStamps, stop));
  ASSIGN_OR_RETURN(Layout layout, Resolve(config_, *connection, stop));
  RETURN_IF_ERROR(EnsureExtension(layout, *connection, stop));
  ASSIGN_OR_RETURN(const Found found, Find(layout, *connection, stop));
  const bool create = !found.info.exists;
  CollectionStamp stamp = spec.stamp;
  if (create) {
    RETURN_IF_ERROR(connection->Script(CreateTableSql(layout, spec.stamp.dimensions), stop));
  } else {
    RETURN_IF_ERROR(CheckCompatible(config_.Name(), found.info, spec.stamp));
    stamp = *found.info.stamp;
  }
  const auto entered = stamp.sources.find(spec.source);
  if (create || entered == stamp.sources.end() || entered->second != spec.owner) {
    stamp.sources[spec.source] = spec.owner;
    RETURN_IF_ERROR(SetStamp(layout, stamp, *connection, stop));
  }
  if (!spec.bulk_load) RETURN_IF_ERROR(EnsureKeyIndex(layout, *connection, stop));
  RETURN_IF_ERROR(transaction.Commit(stop));
  fresh_ = create && spec.bulk_load;
  return create;
}

// -- Indexes --------------------------------------------------------------------------------------

Status Table::EnsureKeyIndex(const Layout& layout, PgConnection& connection, std::stop_token stop) {
  PgParams params;
  params.Text(layout.schema).Text(layout.table);
  ASSIGN_OR_RETURN(
      const PgResult rows,
      connection.Execute(
          "SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid "
          "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
          "WHERE n.nspname = $1 AND c.relname = $2 AND i.indisvalid AND "
          "pg_get_indexdef(i.indexrelid) LIKE '% USING btree (source, key)'",
          params, stop));
  if (rows.rows() > 0) return OkStatus();
  // Without a name of ours: PostgreSQL finds one that is free and not too long.
  return connection.Script(fmt::format("CREATE INDEX ON {} (source, key)", layout.quoted_table),
                           stop);
}

Status Table::EnsureVectorIndex(const Layout& layout, const Found& found, PgConnection& connection,
                                std::stop_token stop) {
  PgParams params;
  params.Int(found.oid);
  ASSIGN_OR_RETURN(const PgResult rows,
                   connection.Execute("SELECT i.indisvalid, i.indexrelid::regclass::text "
                                      "FROM pg_catalog.pg_index i "
                                      "JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid "
                                      "JOIN pg_catalog.pg_am a ON a.oid = x.relam "
                                      "WHERE i.indrelid = $1 AND a.amname IN ('hnsw', 'ivfflat')",
                                      params, stop));
  for (int row = 0; row < rows.rows(); ++row) {
    if (rows.Bool(row, 0)) return OkStatus();  // one by the user's taste does as well
    // Left over from a build that was broken off.
    RETURN_IF_ERROR(connection.Script("DROP INDEX " + rows.String(row, 1), stop));
  }
  const std::string how = IndexSql(layout, found.info.dimensions);
  if (how.empty()) {
    LogWarn("no vector index: pgvector indexes up to 4,000 dimensions; searches read all points",
            {{"table", config_.Name()}, {"dimensions", found.info.dimensions}});
    return OkStatus();
  }
  if (config_.index_memory_mb > 0) {
    RETURN_IF_ERROR(connection.Script(
        fmt::format("SET maintenance_work_mem = '{}MB'", config_.index_memory_mb), stop));
  }
  // With other pipelines in the table it must stay writable, though that takes twice as long.
  const bool shared = found.info.stamp && found.info.stamp->sources.size() > 1;
  const auto begin = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(
      connection.Script(fmt::format("CREATE INDEX {}ON {} {}", shared ? "CONCURRENTLY " : "",
                                    layout.quoted_table, how),
                        stop));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  LogInfo("vector index built", {{"table", config_.Name()}, {"seconds", took.count()}});
  return OkStatus();
}

Status Table::BuildIndex(std::stop_token stop) {
  NoteChanged();
  ASSIGN_OR_RETURN(auto connection, pool_.Acquire(stop));
  ASSIGN_OR_RETURN(const auto known, Get(*connection, stop));
  ASSIGN_OR_RETURN(const Found found, Find(known->layout, *connection, stop));
  if (!found.info.exists) return NotFound("{} does not exist", config_.Name());
  const WithoutTimeout patient(*connection, config_.server.call_timeout);
  PgParams lock;
  lock.Int4(static_cast<int32_t>(found.oid));
  ASSIGN_OR_RETURN(const PgResult locked, connection->Execute(kLockBuild, lock, stop));
  if (!locked.Bool(0, 0)) {
    return Unavailable("{}: another process is building the vector index", config_.Name());
  }
  Status status = EnsureKeyIndex(known->layout, *connection, stop);
  if (status.ok() && config_.vector_index) {
    status = EnsureVectorIndex(known->layout, found, *connection, stop);
  }
  // What Drift's own statements ask by; the server looks at the wide columns when it has time.
  if (status.ok()) {
    status = connection->Script(fmt::format("ANALYZE {} (source, key, revision, source_version)",
                                            known->layout.quoted_table),
                                stop);
  }
  const Status tidied = connection->Script(
      "SELECT pg_catalog.pg_advisory_unlock_all(); RESET maintenance_work_mem", std::stop_token());
  return status.ok() ? tidied : status;
}

// -- Drop -----------------------------------------------------------------------------------------

Status Table::Forget(const std::string& source, std::stop_token stop) {
  ASSIGN_OR_RETURN(auto connection, pool_.Acquire(stop));
  ASSIGN_OR_RETURN(const auto known, Get(*connection, stop));
  ForgetKnown();
  ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::Begin(*connection, stop));
  RETURN_IF_ERROR(connection->Script(kLockStamps, stop));
  const std::string& table = known->layout.quoted_table;
  ASSIGN_OR_RETURN(Found found, Find(known->layout, *connection, stop));
  if (!found.info.exists) return NotFound("{} does not exist", config_.Name());
  if (found.info.stamp) {
    CollectionStamp& stamp = *found.info.stamp;
    stamp.sources.erase(source);
    bool empty = false;
    if (stamp.sources.empty()) {
      RETURN_IF_ERROR(connection->Script("LOCK TABLE " + table, stop));
      ASSIGN_OR_RETURN(const PgResult rows,
                       connection->Execute("SELECT 1 FROM " + table + " LIMIT 1", stop));
      empty = rows.rows() == 0;
    }
    RETURN_IF_ERROR(empty ? connection->Script("DROP TABLE " + table, stop)
                          : SetStamp(known->layout, stamp, *connection, stop));
  }
  return transaction.Commit(stop);
}

}  // namespace drift::pgvector
