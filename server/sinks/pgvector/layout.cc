#include "sinks/pgvector/layout.h"

#include <charconv>
#include <string_view>

namespace drift::pgvector {
namespace {

// pgvector's own limits.
constexpr int32_t kMaxIndexedVector = 2000;
constexpr int32_t kMaxIndexedHalfVector = 4000;

// Rows of the stage stay in one piece as far as a page holds them: moving each vector out of line,
// only to read it back at once, would cost as much as writing it for good.
constexpr int kPageTuple = 8160;

constexpr const char* kColumnNames[] = {"id",     "embedding",      "key",         "chunk",
                                        "source", "source_version", "revision",    "run_id",
                                        "model",  "text_sha256",    "embedded_at", "payload",
                                        "text"};

// "0.8.5" → 8005; anything else at the end is ignored.
int VersionNumber(std::string_view text) {
  int parts[3] = {};
  for (int& part : parts) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), part);
    text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  constexpr int kRadix = 1000;
  return (parts[0] * kRadix + parts[1]) * kRadix + parts[2];
}

std::string ColumnTypes(const std::string& vector, const char* not_null) {
  return fmt::format(
      "embedding {0}{1}, key jsonb{1}, chunk int{1}, source text{1}, source_version bigint{1}, "
      "revision int{1}, run_id text{1}, model text{1}, text_sha256 text{1}, "
      "embedded_at timestamptz{1}, payload jsonb{1}, text text",
      vector, not_null);
}

}  // namespace

std::string Layout::HalfVector(int32_t dimensions) const {
  return fmt::format("{}.halfvec({})", extension_schema, dimensions);
}

std::string Layout::Distance(const std::string& a, const std::string& b) const {
  return fmt::format("({} OPERATOR({}.<=>) {})", a, extension_schema, b);
}

StatusOr<Layout> Resolve(const Config& config, PgConnection& connection, std::stop_token stop) {
  PgParams params;
  params.Text(config.schema);
  ASSIGN_OR_RETURN(
      const PgResult rows,
      connection.Execute("SELECT coalesce(nullif($1, ''), current_schema()::text), "
                         "e.extversion, n.nspname::text "
                         "FROM (SELECT) AS one "
                         "LEFT JOIN pg_catalog.pg_extension e ON e.extname = 'vector' "
                         "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace",
                         params, stop));
  if (rows.IsNull(0, 0)) {
    return FailedPrecondition("{}: none of the schemas on the user's search_path exists",
                              config.Name());
  }
  Layout layout;
  layout.schema = rows.String(0, 0);
  layout.table = config.table;
  ASSIGN_OR_RETURN(const std::string schema, PgQuote(layout.schema));
  ASSIGN_OR_RETURN(const std::string table, PgQuote(layout.table));
  layout.quoted_table = schema + "." + table;
  layout.has_extension = !rows.IsNull(0, 1);
  if (layout.has_extension) {
    layout.extension_version = VersionNumber(rows.Text(0, 1));
    ASSIGN_OR_RETURN(layout.extension_schema, PgQuote(rows.Text(0, 2)));
  }
  return layout;
}

std::string Columns() {
  std::string out;
  for (const char* name : kColumnNames) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

std::string CreateTableSql(const Layout& layout, int32_t dimensions) {
  const std::string vector = fmt::format("{}({})", layout.Vector(), dimensions);
  return fmt::format("CREATE TABLE {} (id uuid PRIMARY KEY, {})", layout.quoted_table,
                     ColumnTypes(vector, " NOT NULL"));
}

std::string CreateStageSql(const Layout& layout) {
  return fmt::format(
      "CREATE TEMPORARY TABLE IF NOT EXISTS {} (id uuid, {}) WITH (toast_tuple_target = {}) "
      "ON COMMIT DELETE ROWS",
      kStage, ColumnTypes(layout.Vector(), ""), kPageTuple);
}

std::string UpsertSql(const Layout& layout) {
  std::string assignments;
  for (const std::string_view name : kColumnNames) {
    if (name == "id") continue;
    if (!assignments.empty()) assignments += ", ";
    assignments += fmt::format("{0} = excluded.{0}", name);
  }
  return fmt::format(
      "INSERT INTO {} AS old ({}) SELECT {} FROM {} ON CONFLICT (id) DO UPDATE SET {} "
      "WHERE (old.revision, old.source_version) <= (excluded.revision, excluded.source_version)",
      layout.quoted_table, Columns(), Columns(), kStage, assignments);
}

std::string IndexSql(const Layout& layout, int32_t dimensions) {
  if (dimensions <= kMaxIndexedVector) {
    return fmt::format("USING hnsw (embedding {}.vector_cosine_ops)", layout.extension_schema);
  }
  if (dimensions <= kMaxIndexedHalfVector && layout.has_half_vectors()) {
    return fmt::format("USING hnsw ((embedding::{}) {}.halfvec_cosine_ops)",
                       layout.HalfVector(dimensions), layout.extension_schema);
  }
  return {};
}

std::string IndexedDistance(const Layout& layout, int32_t dimensions,
                            const std::string& parameter) {
  const std::string query = parameter + "::" + layout.Vector();
  if (dimensions <= kMaxIndexedVector || IndexSql(layout, dimensions).empty()) {
    return layout.Distance("embedding", query);
  }
  const std::string half = layout.HalfVector(dimensions);
  return layout.Distance("(embedding::" + half + ")", query + "::" + half);
}

}  // namespace drift::pgvector
