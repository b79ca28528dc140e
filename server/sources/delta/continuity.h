// Whether the table is still the one a cursor was taken from.
#pragma once

#include <stop_token>

#include "base/status.h"
#include "sources/delta/delta_cursor.h"
#include "sources/delta/kernel_table.h"

namespace drift::delta {

enum class Continuity : uint8_t {
  kSame,       // versions go on from the cursor, also over RESTORE and CREATE OR REPLACE
  kRecreated,  // dropped and made anew: versions started again
  kPutBack,    // the same table from a backup, or with a rewritten log
};

// By table id, latest version and the fingerprint of the cursor's commit. When log cleanup took
// that commit, another id counts as the same table only if a commit after the cursor set it.
// `latest` is the table as it is now. Errors as for KernelTable.
StatusOr<Continuity> CheckContinuity(KernelTable& table, const DeltaCursor& cursor,
                                     const TableInfo& latest, std::stop_token stop);

// OK for kSame, else kFailedPrecondition TABLE_RECREATED or TABLE_PUT_BACK.
Status ContinuityStatus(Continuity continuity, std::string_view table, const DeltaCursor& cursor,
                        const TableInfo& latest);

}  // namespace drift::delta
