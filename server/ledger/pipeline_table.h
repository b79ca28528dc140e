// The table of pipelines.
#pragma once

#include <vector>

#include "core/ledger_types.h"
#include "ledger/sql.h"

namespace drift::ledger {

Status SavePipeline(SqlSession& session, const PipelineRecord& record);
StatusOr<std::vector<PipelineRecord>> LoadPipelines(SqlSession& session);

}  // namespace drift::ledger
