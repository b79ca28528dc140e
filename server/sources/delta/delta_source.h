// A Delta table as a source: snapshots, and windows of its change feed; a table without one is kept
// in step by snapshot diff. docs/connectors/delta.md says what it needs and what goes wrong.
//
// How the words of core/source.h are meant here:
//   version   the table's; a window is a range of commits
//   snapshot  read file by file in order of path, so that it resumes at a file. ReadRows() leaves
//   out
//             the files that are done; ReadKeys() of the same window yields the keys of all of
//             them, because what is gone, and which keys occur twice, shows only in the whole.
//   window    never goes over a change of the schema. Columns that were renamed since are read by
//             their old name, those added since are NULL.
//   events    of one version are in no particular order: an update's images may come either way
//             round, and a rewritten file gives deletes and inserts of equal rows.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "core/source.h"
#include "sources/delta/kernel_table.h"
#include "sources/delta/streams.h"

namespace drift::delta {

struct DeltaOptions {
  std::string table;                           // as NormalizeTable() gives it
  std::map<std::string, std::string> storage;  // StorageKeys(); values, not references to secrets
  ReadLimits read;                             // tests make them small
  RowStreamOptions rows;
};

// Reads nothing yet: a table that is not there shows at the first call. kInvalidArgument: the
// address or an option; the message names it and the known ones. S3: credentials of `storage`, else
// of the AWS_ environment variables, else of the machine's role.
StatusOr<std::unique_ptr<Source>> OpenDelta(const DeltaOptions& options,
                                            const Projection& projection);

}  // namespace drift::delta
