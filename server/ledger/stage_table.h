// The table of stages.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/ledger_types.h"
#include "ledger/sql.h"

namespace drift::ledger {

StatusOr<int64_t> AddStage(SqlSession& session, int64_t target_id, std::span<const StagedKey> keys);

struct OpenStages {
  std::vector<StagedKey> keys;  // merged
  int64_t last = 0;             // id of the newest; 0: there are none
};
StatusOr<OpenStages> LoadStages(SqlSession& session, int64_t target_id);
// The id of the newest stage of all targets; 0: there are none.
StatusOr<int64_t> LastStage(SqlSession& session);

// Closes what the batch says. Orphans are stages up to `orphans_until`; one that was staged for a
// later version than the window has reached is not covered by it and stays.
Status CloseStages(SqlSession& session, const CommitBatch& batch, int32_t revision,
                   int64_t orphans_until);
Status ForgetStages(SqlSession& session, int64_t target_id);

}  // namespace drift::ledger
