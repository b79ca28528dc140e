// The tables of a ledger in SQLite, and how an older one becomes today's (docs/ledger.md).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/rng.h"
#include "base/status.h"
#include "net/sqlite.h"

namespace drift::ledger {

// One step of the schema, from the version before. Each is one transaction with its version number.
struct SqliteMigration {
  const char* what;  // for the log
  std::function<Status(SqliteDatabase&)> apply;
};

// Step 1 makes version 1 out of an empty file, and so on. Never changed once released, only added
// to.
std::span<const SqliteMigration> SqliteMigrations();

// Brings the file to the version of the last step. A new file gets an id and the time.
// kFailedPrecondition: it belongs to another program, or to a newer driftd.
Status MigrateSqlite(SqliteDatabase& db, std::span<const SqliteMigration> steps, Clock& clock,
                     Rng& rng);

// The tables of one target: its rows, its deletions, and the indexes over their points.
Status CreateTargetTables(SqliteDatabase& db, int64_t target_id);
// Forgets the rows and keeps the deletions.
Status RecreateRowTables(SqliteDatabase& db, int64_t target_id);
// The index over the texts of one vector space.
Status CreateSpaceTable(SqliteDatabase& db, int64_t space_id);

std::string RowsTable(int64_t target_id);
std::string PointsTable(int64_t target_id);
std::string DeletionsTable(int64_t target_id);
std::string DeletedPointsTable(int64_t target_id);
std::string AdoptedTable(int64_t target_id);
std::string TextsTable(int64_t space_id);

}  // namespace drift::ledger
