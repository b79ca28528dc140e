// The tables of a ledger in PostgreSQL, and how an older one becomes today's (docs/ledger.md).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/rng.h"
#include "base/status.h"
#include "net/pg.h"

namespace drift::ledger {

// One step of the schema, from the version before. Each is one transaction with its version number.
struct PgMigration {
  const char* what;  // for the log
  const char* sql;
};

// Step 1 makes version 1 out of nothing, and so on. Never changed once released, only added to.
std::span<const PgMigration> PgMigrations();

// Makes `schema` if it is not there, and brings its tables to the version of the last
// step. REQUIRES: the connection's search_path is the schema. kFailedPrecondition: the database is
// not in UTF-8, the schema belongs to another program, or to a newer driftd.
Status MigratePg(PgConnection& pg, const std::string& schema, std::span<const PgMigration> steps,
                 Clock& clock, Rng& rng);

}  // namespace drift::ledger
