#include "ledger/pg_schema.h"

#include "base/log.h"
#include "base/ulid.h"

namespace drift::ledger {
namespace {

// Numbers are bigint and times microseconds since 1970, so that statements over the small tables
// are the same in both databases. Texts sort by bytes. No index holds a key, which may be longer
// than an index entry. `point` and `text` are places, `state` the bytes of pg_row.h; hashes do not
// compress, so nobody shall try.
constexpr char kVersion1[] = R"sql(
CREATE TABLE pipelines (
  name text COLLATE "C" PRIMARY KEY, spec text NOT NULL, origin bigint NOT NULL,
  pause_reason text NOT NULL, pause_message text NOT NULL, pause_remedy text NOT NULL,
  pause_since bigint NOT NULL, deleted bigint NOT NULL, created_at bigint NOT NULL);
CREATE TABLE targets (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, pipeline text COLLATE "C" NOT NULL,
  model text COLLATE "C" NOT NULL, fingerprint text COLLATE "C" NOT NULL,
  dimensions bigint NOT NULL, sink text COLLATE "C" NOT NULL, revision bigint NOT NULL DEFAULT 0,
  config_hash text NOT NULL DEFAULT '', config text, cursor bytea,
  version bigint NOT NULL DEFAULT -1, row_count bigint NOT NULL DEFAULT 0,
  point_count bigint NOT NULL DEFAULT 0, dead_letter_count bigint NOT NULL DEFAULT 0,
  sweep_due bigint NOT NULL DEFAULT 0, index_due bigint NOT NULL DEFAULT 0,
  last_commit bigint NOT NULL DEFAULT 0,
  UNIQUE (pipeline, model, dimensions, sink, fingerprint));
CREATE TABLE runs (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE,
  request_id text COLLATE "C" NOT NULL, pipeline text COLLATE "C" NOT NULL, mode bigint NOT NULL,
  state bigint NOT NULL, source text NOT NULL, sink text NOT NULL, model text NOT NULL,
  scheduled bigint NOT NULL, attempts bigint NOT NULL, selection text NOT NULL,
  from_version bigint NOT NULL, to_version bigint NOT NULL, rows_read bigint NOT NULL,
  rows_inserted bigint NOT NULL, rows_updated bigint NOT NULL, rows_deleted bigint NOT NULL,
  rows_unchanged bigint NOT NULL, texts_embedded bigint NOT NULL, texts_reused bigint NOT NULL,
  points_written bigint NOT NULL, points_deleted bigint NOT NULL, dead_letters bigint NOT NULL,
  provider_requests bigint NOT NULL, tokens bigint NOT NULL, tokens_estimated bigint NOT NULL,
  cost bigint NOT NULL, queued_at bigint NOT NULL, started_at bigint, ended_at bigint,
  error text NOT NULL, error_reason text NOT NULL);
CREATE UNIQUE INDEX runs_request ON runs (request_id) WHERE request_id <> '';
CREATE INDEX runs_pipeline ON runs (pipeline, seq);
CREATE TABLE commits (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, target_id bigint NOT NULL,
  run bigint NOT NULL, at bigint NOT NULL);
CREATE TABLE stages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, target_id bigint NOT NULL,
  revision bigint NOT NULL, version bigint NOT NULL, keys bytea NOT NULL);
CREATE TABLE requests (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run bigint NOT NULL,
  pipeline text COLLATE "C" NOT NULL, provider text COLLATE "C" NOT NULL,
  model text COLLATE "C" NOT NULL, kind bigint NOT NULL, state bigint NOT NULL,
  requests bigint NOT NULL, texts bigint NOT NULL, tokens bigint NOT NULL,
  tokens_estimated bigint NOT NULL, cost bigint NOT NULL, started_at bigint NOT NULL,
  ended_at bigint);
CREATE TABLE dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, target_id bigint NOT NULL,
  pipeline text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, chunk bigint NOT NULL,
  identity bytea NOT NULL, reason text COLLATE "C" NOT NULL, message text NOT NULL,
  text_sha256 bytea NOT NULL, version bigint NOT NULL, attempts bigint NOT NULL DEFAULT 1,
  first_at bigint NOT NULL, last_at bigint NOT NULL, UNIQUE (target_id, identity, chunk));
CREATE INDEX dead_letters_key ON dead_letters USING hash (key);
CREATE TABLE rows (
  point bigint NOT NULL, text bigint, key text COLLATE "C" NOT NULL, state bytea NOT NULL);
CREATE INDEX rows_point ON rows (point);
CREATE INDEX rows_text ON rows (text) WHERE text IS NOT NULL;
CREATE TABLE more_points (point bigint NOT NULL, first bigint NOT NULL, text bigint NOT NULL);
CREATE INDEX more_points_point ON more_points (point);
CREATE INDEX more_points_text ON more_points (text);
CREATE SEQUENCE deletion_numbers;
CREATE TABLE deletions (
  id bigint PRIMARY KEY, point bigint NOT NULL, key text COLLATE "C" NOT NULL,
  state bytea NOT NULL);
CREATE INDEX deletions_point ON deletions (point);
CREATE TABLE more_deleted_points (
  point bigint NOT NULL, first bigint NOT NULL, PRIMARY KEY (point, first));
CREATE TABLE adopted (
  text_sha256 bytea NOT NULL, target_id bigint NOT NULL, point uuid NOT NULL,
  PRIMARY KEY (text_sha256, target_id));
ALTER TABLE stages ALTER keys SET STORAGE EXTERNAL;
ALTER TABLE rows ALTER state SET STORAGE EXTERNAL;
ALTER TABLE deletions ALTER state SET STORAGE EXTERNAL;
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
ALTER TABLE requests ADD COLUMN token_source bigint;
ALTER TABLE requests ADD COLUMN guessed_tokens bigint NOT NULL DEFAULT 0;
CREATE INDEX requests_guessed ON requests (model, id) WHERE guessed_tokens > 0;
)sql";

constexpr PgMigration kMigrations[] = {
    {"tables", kVersion1},
    {"indexes over requests and runs", kVersion2},
    {"where tokens come from", kVersion3},
};

// 0: there is no ledger.
StatusOr<int64_t> VersionOf(PgConnection& pg) {
  ASSIGN_OR_RETURN(const PgResult tables,
                   pg.Execute("SELECT count(*), count(*) FILTER (WHERE tablename = 'drift_ledger')"
                              " FROM pg_tables WHERE schemaname = current_schema()",
                              {}));
  if (tables.Int(0, 1) == 1) {
    ASSIGN_OR_RETURN(const PgResult version,
                     pg.Execute("SELECT schema_version FROM drift_ledger", {}));
    return version.rows() == 1 ? version.Int(0, 0) : 0;
  }
  if (tables.Int(0, 0) == 0) return 0;
  return FailedPrecondition(
      "{}: the schema holds tables of another program; name one of its own for"
      " the ledger with ?schema=",
      pg.name());
}

Status CheckEncoding(PgConnection& pg) {
  ASSIGN_OR_RETURN(const PgResult encoding,
                   pg.Execute("SELECT current_setting('server_encoding')", {}));
  if (encoding.Text(0, 0) == "UTF8") return OkStatus();
  return FailedPrecondition("{}: the database is in {}; the ledger needs one in UTF8", pg.name(),
                            encoding.Text(0, 0));
}

Status Apply(PgConnection& pg, const PgMigration& step, int64_t version, Clock& clock, Rng& rng) {
  ASSIGN_OR_RETURN(PgTransaction transaction, PgTransaction::Begin(pg, {}));
  RETURN_IF_ERROR(pg.Script(step.sql, {}));
  if (version == 1) {
    const WallTime now = clock.Now();
    RETURN_IF_ERROR(
        pg.Script("CREATE TABLE drift_ledger (id text NOT NULL, schema_version bigint"
                  " NOT NULL, created_at bigint NOT NULL, pinged_at bigint,"
                  " epoch bigint NOT NULL DEFAULT 0, owner text NOT NULL DEFAULT '')",
                  {}));
    PgParams params;
    params.Text(MakeUlid(now, rng)).Int(now.time_since_epoch().count());
    RETURN_IF_ERROR(
        pg.Execute("INSERT INTO drift_ledger (id, schema_version, created_at) VALUES ($1, 1, $2)",
                   params, {})
            .status());
  }
  RETURN_IF_ERROR(
      pg.Script(fmt::format("UPDATE drift_ledger SET schema_version = {}", version), {}));
  return transaction.Commit({});
}

}  // namespace

std::span<const PgMigration> PgMigrations() {
  return kMigrations;
}

Status MigratePg(PgConnection& pg, const std::string& schema, std::span<const PgMigration> steps,
                 Clock& clock, Rng& rng) {
  RETURN_IF_ERROR(CheckEncoding(pg));
  // A role that may not create schemas can be given one.
  ASSIGN_OR_RETURN(const PgResult there, pg.Execute("SELECT current_schema()", {}));
  if (there.IsNull(0, 0)) {
    ASSIGN_OR_RETURN(const std::string quoted, PgQuote(schema));
    RETURN_IF_ERROR(pg.Script("CREATE SCHEMA IF NOT EXISTS " + quoted, {}));
  }
  ASSIGN_OR_RETURN(const int64_t found, VersionOf(pg));
  const auto newest = static_cast<int64_t>(steps.size());
  if (found > newest) {
    return FailedPrecondition(
        "{}: the ledger has schema version {}, and this driftd knows versions"
        " up to {}: start a newer driftd",
        pg.name(), found, newest);
  }
  for (int64_t version = found + 1; version <= newest; ++version) {
    const PgMigration& step = steps[static_cast<size_t>(version - 1)];
    RETURN_IF_ERROR(Annotate(Apply(pg, step, version, clock, rng),
                             fmt::format("bringing the ledger to schema version {}", version)));
    if (found > 0) {
      LogInfo("the ledger's schema was changed", {{"version", version}, {"what", step.what}});
    }
  }
  return OkStatus();
}

}  // namespace drift::ledger
