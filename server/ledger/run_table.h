// The table of runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/ledger_types.h"
#include "ledger/sql.h"

namespace drift::ledger {

// The run as it is stored: an older one if it has the same id or the same non-empty request_id.
StatusOr<RunRecord> CreateRun(SqlSession& session, const RunRecord& run);
Status UpdateRun(SqlSession& session, const RunRecord& run);
StatusOr<RunRecord> GetRun(SqlSession& session, const std::string& id);
StatusOr<std::vector<RunRecord>> ListRuns(SqlSession& session, const RunFilter& filter);

// The number rows refer to a run by. Empty id: 0. kNotFound.
StatusOr<int64_t> RunNumber(SqlSession& session, const std::string& id);
// Stores the counters of a commit, and the version if it has one. Returns the run's number.
StatusOr<int64_t> AdvanceRun(SqlSession& session, const CommitBatch& batch);

}  // namespace drift::ledger
