// The names SQL needs, resolved and quoted, and the statements made of them. Pure but for Resolve.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "net/pg.h"
#include "sinks/pgvector/config.h"

namespace drift::pgvector {

// Everything from another schema is named with it: a table called pg_class, or an operator somebody
// put before pgvector's on the search path, changes nothing.
struct Layout {
  std::string schema;  // as it is, not quoted
  std::string table;
  std::string quoted_table;  // "schema"."table"

  bool has_extension = false;
  int extension_version = 0;     // 8005 for 0.8.5
  std::string extension_schema;  // quoted

  std::string Vector() const { return extension_schema + ".vector"; }
  std::string HalfVector(int32_t dimensions) const;
  // a <=> b
  std::string Distance(const std::string& a, const std::string& b) const;
  bool has_half_vectors() const { return extension_version >= 7000; }
  bool has_iterative_scan() const { return extension_version >= 8000; }
};

// kFailedPrecondition: the user has no schema to put tables in.
StatusOr<Layout> Resolve(const Config& config, PgConnection& connection, std::stop_token stop);

// What the columns are called, in the order of codec.h, separated by commas.
std::string Columns();

std::string CreateTableSql(const Layout& layout, int32_t dimensions);
std::string CreateStageSql(const Layout& layout);
// From the stage into the table, guarded.
std::string UpsertSql(const Layout& layout);

// How a vector index over so many dimensions is written; empty: pgvector can make none.
//   USING hnsw (embedding vector_cosine_ops)
std::string IndexSql(const Layout& layout, int32_t dimensions);
// The distance of a row to the parameter as the index has it. `parameter`: "$1".
std::string IndexedDistance(const Layout& layout, int32_t dimensions, const std::string& parameter);

inline constexpr char kStage[] = "pg_temp.drift_stage";

}  // namespace drift::pgvector
