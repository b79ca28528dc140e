// The table of provider requests: the money.
#pragma once

#include <span>
#include <vector>

#include "core/ledger_types.h"
#include "ledger/sql.h"

namespace drift::ledger {

StatusOr<int64_t> OpenRequest(SqlSession& session, const RequestRecord& intent);
// A request that became kUnknown keeps its estimate.
Status CloseRequest(SqlSession& session, const RequestOutcome& outcome);
StatusOr<int64_t> SettleOpenRequests(SqlSession& session, WallTime now);
// Requests that need no intent, with their outcome.
Status AddRequests(SqlSession& session, int64_t run, std::span<const RequestRecord> requests);

// Tokens, texts and cost are of requests that were billed, or may have been; requests that were
// answered and not billed count as requests alone.
StatusOr<std::vector<CostRow>> SumCosts(SqlSession& session, const CostFilter& filter);

StatusOr<std::vector<BilledGuess>> LatestBills(SqlSession& session, const std::string& model,
                                               int32_t limit);

}  // namespace drift::ledger
