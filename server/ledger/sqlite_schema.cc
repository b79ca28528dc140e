#include "ledger/sqlite_schema.h"

#include "base/log.h"
#include "base/ulid.h"

namespace drift::ledger {
namespace {

// "DRFT": what PRAGMA application_id says of our files.
constexpr int64_t kApplicationId = 0x44524654;

constexpr char kVersion1[] = R"sql(
CREATE TABLE ledger (id TEXT NOT NULL, created_at INTEGER NOT NULL, pinged_at INTEGER);
CREATE TABLE pipelines (
  name TEXT PRIMARY KEY, spec TEXT NOT NULL, origin INTEGER NOT NULL, pause_reason TEXT NOT NULL,
  pause_message TEXT NOT NULL, pause_remedy TEXT NOT NULL, pause_since INTEGER NOT NULL,
  deleted INTEGER NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE spaces (
  id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, dimensions INTEGER NOT NULL,
  UNIQUE (fingerprint, dimensions));
CREATE TABLE targets (
  id INTEGER PRIMARY KEY AUTOINCREMENT, pipeline TEXT NOT NULL, model TEXT NOT NULL,
  fingerprint TEXT NOT NULL, dimensions INTEGER NOT NULL, sink TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0, config_hash TEXT NOT NULL DEFAULT '', config TEXT,
  cursor BLOB, version INTEGER NOT NULL DEFAULT -1, row_count INTEGER NOT NULL DEFAULT 0,
  point_count INTEGER NOT NULL DEFAULT 0, dead_letter_count INTEGER NOT NULL DEFAULT 0,
  sweep_due INTEGER NOT NULL DEFAULT 0, index_due INTEGER NOT NULL DEFAULT 0,
  last_commit INTEGER NOT NULL DEFAULT 0,
  UNIQUE (pipeline, model, dimensions, sink, fingerprint));
CREATE TABLE runs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, request_id TEXT NOT NULL,
  pipeline TEXT NOT NULL, mode INTEGER NOT NULL, state INTEGER NOT NULL, source TEXT NOT NULL,
  sink TEXT NOT NULL, model TEXT NOT NULL, scheduled INTEGER NOT NULL, attempts INTEGER NOT NULL,
  selection TEXT NOT NULL, from_version INTEGER NOT NULL, to_version INTEGER NOT NULL,
  rows_read INTEGER NOT NULL, rows_inserted INTEGER NOT NULL, rows_updated INTEGER NOT NULL,
  rows_deleted INTEGER NOT NULL, rows_unchanged INTEGER NOT NULL, texts_embedded INTEGER NOT NULL,
  texts_reused INTEGER NOT NULL, points_written INTEGER NOT NULL, points_deleted INTEGER NOT NULL,
  dead_letters INTEGER NOT NULL, provider_requests INTEGER NOT NULL, tokens INTEGER NOT NULL,
  tokens_estimated INTEGER NOT NULL, cost INTEGER NOT NULL, queued_at INTEGER NOT NULL,
  started_at INTEGER, ended_at INTEGER, error TEXT NOT NULL, error_reason TEXT NOT NULL);
CREATE UNIQUE INDEX runs_request ON runs (request_id) WHERE request_id <> '';
CREATE INDEX runs_pipeline ON runs (pipeline, seq);
CREATE TABLE commits (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, target_id INTEGER NOT NULL, run INTEGER NOT NULL,
  at INTEGER NOT NULL);
CREATE TABLE stages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, target_id INTEGER NOT NULL, revision INTEGER NOT NULL,
  version INTEGER NOT NULL, keys BLOB NOT NULL);
CREATE TABLE requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, pipeline TEXT NOT NULL,
  provider TEXT NOT NULL, model TEXT NOT NULL, kind INTEGER NOT NULL, state INTEGER NOT NULL,
  requests INTEGER NOT NULL, texts INTEGER NOT NULL, tokens INTEGER NOT NULL,
  tokens_estimated INTEGER NOT NULL, cost INTEGER NOT NULL, started_at INTEGER NOT NULL,
  ended_at INTEGER);
CREATE TABLE dead_letters (
  id INTEGER PRIMARY KEY AUTOINCREMENT, target_id INTEGER NOT NULL, pipeline TEXT NOT NULL,
  key TEXT NOT NULL, chunk INTEGER NOT NULL, identity BLOB NOT NULL, reason TEXT NOT NULL,
  message TEXT NOT NULL, text_sha256 BLOB NOT NULL, version INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 1, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
  UNIQUE (target_id, identity, chunk));
CREATE INDEX dead_letters_key ON dead_letters (target_id, key);
CREATE TABLE index_log (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, changes BLOB NOT NULL);
CREATE TABLE index_sizes (name TEXT PRIMARY KEY, entries INTEGER NOT NULL) WITHOUT ROWID;
)sql";

// Budgets ask for today's money before every request, and a start for what was left open.
constexpr char kVersion2[] = R"sql(
CREATE INDEX requests_started ON requests (started_at);
CREATE INDEX requests_open ON requests (state) WHERE state = 0;
CREATE INDEX runs_open ON runs (state, seq) WHERE state < 2;
)sql";

// Where each token figure comes from, and what estimates can be corrected with. Of requests noted
// earlier neither is known.
constexpr char kVersion3[] = R"sql(
ALTER TABLE requests ADD COLUMN token_source INTEGER;
ALTER TABLE requests ADD COLUMN guessed_tokens INTEGER NOT NULL DEFAULT 0;
CREATE INDEX requests_guessed ON requests (model, id) WHERE guessed_tokens > 0;
)sql";

Status CreateIndexTable(SqliteDatabase& db, const std::string& name) {
  return db.Execute(fmt::format(
      "CREATE TABLE {0} (hash INTEGER NOT NULL, owner INTEGER NOT NULL, row INTEGER NOT NULL,"
      " PRIMARY KEY (hash, owner, row)) WITHOUT ROWID;"
      "INSERT INTO index_sizes VALUES ('{0}', 0)",
      name));
}

Status CreateRowTables(SqliteDatabase& db, int64_t target_id) {
  RETURN_IF_ERROR(db.Execute(fmt::format(
      "CREATE TABLE {} (id INTEGER PRIMARY KEY, key TEXT NOT NULL, content BLOB NOT NULL,"
      " version INTEGER NOT NULL, revision INTEGER NOT NULL, written INTEGER NOT NULL,"
      " flags INTEGER NOT NULL, chunks INTEGER NOT NULL, text BLOB, chars INTEGER NOT NULL,"
      " tokens INTEGER NOT NULL, cost INTEGER NOT NULL, more BLOB)",
      RowsTable(target_id))));
  return CreateIndexTable(db, PointsTable(target_id));
}

StatusOr<int64_t> Number(SqliteDatabase& db, const char* pragma) {
  return db.QueryInt(pragma);
}

// A new file, or ours; anything else is not touched.
Status CheckOwner(SqliteDatabase& db) {
  ASSIGN_OR_RETURN(const int64_t owner, Number(db, "PRAGMA application_id"));
  if (owner == kApplicationId) return OkStatus();
  ASSIGN_OR_RETURN(const int64_t tables, Number(db, "SELECT count(*) FROM sqlite_schema"));
  if (owner == 0 && tables == 0) return OkStatus();
  return FailedPrecondition(
      "{}: a SQLite database of another program; name a file of its own for"
      " the ledger",
      db.path());
}

Status Apply(SqliteDatabase& db, const SqliteMigration& step, int64_t version, Clock& clock,
             Rng& rng) {
  ASSIGN_OR_RETURN(SqliteTransaction transaction,
                   SqliteTransaction::Begin(db, SqliteTransaction::Kind::kWrite));
  RETURN_IF_ERROR(step.apply(db));
  if (version == 1) {
    const WallTime now = clock.Now();
    ASSIGN_OR_RETURN(SqliteStatement insert,
                     db.Prepare("INSERT INTO ledger (id, created_at) VALUES (?, ?)"));
    const std::string id = MakeUlid(now, rng);
    RETURN_IF_ERROR(insert.RunWith(id, now.time_since_epoch().count()));
    RETURN_IF_ERROR(db.Execute(fmt::format("PRAGMA application_id = {}", kApplicationId)));
  }
  RETURN_IF_ERROR(db.Execute(fmt::format("PRAGMA user_version = {}", version)));
  return transaction.Commit();
}

}  // namespace

std::span<const SqliteMigration> SqliteMigrations() {
  static const SqliteMigration steps[] = {
      {"tables", [](SqliteDatabase& db) { return db.Execute(kVersion1); }},
      {"indexes over requests and runs", [](SqliteDatabase& db) { return db.Execute(kVersion2); }},
      {"where tokens come from", [](SqliteDatabase& db) { return db.Execute(kVersion3); }},
  };
  return steps;
}

Status MigrateSqlite(SqliteDatabase& db, std::span<const SqliteMigration> steps, Clock& clock,
                     Rng& rng) {
  RETURN_IF_ERROR(CheckOwner(db));
  ASSIGN_OR_RETURN(const int64_t found, Number(db, "PRAGMA user_version"));
  const auto newest = static_cast<int64_t>(steps.size());
  if (found > newest) {
    return FailedPrecondition(
        "{}: the ledger has schema version {}, and this driftd knows versions"
        " up to {}: start a newer driftd",
        db.path(), found, newest);
  }
  for (int64_t version = found + 1; version <= newest; ++version) {
    const SqliteMigration& step = steps[static_cast<size_t>(version - 1)];
    RETURN_IF_ERROR(Annotate(Apply(db, step, version, clock, rng),
                             fmt::format("bringing the ledger to schema version {}", version)));
    if (found > 0) {
      LogInfo("the ledger's schema was changed", {{"version", version}, {"what", step.what}});
    }
  }
  return OkStatus();
}

Status CreateTargetTables(SqliteDatabase& db, int64_t target_id) {
  RETURN_IF_ERROR(CreateRowTables(db, target_id));
  RETURN_IF_ERROR(db.Execute(fmt::format(
      "CREATE TABLE {} (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL,"
      " deleted_version INTEGER NOT NULL, deleted_revision INTEGER NOT NULL,"
      " deleted INTEGER NOT NULL, points_removed INTEGER NOT NULL, version INTEGER NOT NULL,"
      " revision INTEGER NOT NULL, written INTEGER NOT NULL, flags INTEGER NOT NULL,"
      " chunks INTEGER NOT NULL, text BLOB, chars INTEGER NOT NULL, tokens INTEGER NOT NULL,"
      " cost INTEGER NOT NULL, more BLOB)",
      DeletionsTable(target_id))));
  return CreateIndexTable(db, DeletedPointsTable(target_id));
}

Status RecreateRowTables(SqliteDatabase& db, int64_t target_id) {
  RETURN_IF_ERROR(db.Execute(
      fmt::format("DROP TABLE {}; DROP TABLE {};"
                  "DELETE FROM index_sizes WHERE name = '{}'",
                  RowsTable(target_id), PointsTable(target_id), PointsTable(target_id))));
  return CreateRowTables(db, target_id);
}

Status CreateSpaceTable(SqliteDatabase& db, int64_t space_id) {
  return CreateIndexTable(db, TextsTable(space_id));
}

std::string RowsTable(int64_t target_id) {
  return fmt::format("rows_{}", target_id);
}
std::string PointsTable(int64_t target_id) {
  return fmt::format("points_{}", target_id);
}
std::string DeletionsTable(int64_t target_id) {
  return fmt::format("deletions_{}", target_id);
}
std::string DeletedPointsTable(int64_t target_id) {
  return fmt::format("deleted_points_{}", target_id);
}
std::string AdoptedTable(int64_t target_id) {
  return fmt::format("adopted_{}", target_id);
}
std::string TextsTable(int64_t space_id) {
  return fmt::format("texts_{}", space_id);
}

}  // namespace drift::ledger
