// The commands. Each calls the daemon, prints the answer and returns the exit code.
#pragma once

#include <string>

#include "client/options.h"
#include "client/session.h"

namespace drift::client {

int RunStart(Session& session, const RunOptions& options);
int RunList(Session& session, const RunListOptions& options);
int RunGet(Session& session, const std::string& id);
int RunCancel(Session& session, const std::string& id);

int ShowPlan(Session& session, const PlanOptions& options);

int PipelineList(Session& session);
int PipelineGet(Session& session, const std::string& name);
int PipelineApply(Session& session, const PipelineApplyOptions& options);
int PipelinePause(Session& session, const std::string& name);
int PipelineResume(Session& session, const std::string& name);
int PipelineDelete(Session& session, const std::string& name, bool drop_index);

int ShowStatus(Session& session, const StatusOptions& options);

int ShowCost(Session& session, const CostOptions& options);
int CostReconcile(Session& session, const ReconcileOptions& options);

int ModelsList(Session& session, const std::string& provider);

int ShowProvenance(Session& session, const ProvenanceOptions& options);

int Search(Session& session, const SearchOptions& options);

int DeadLettersList(Session& session, const DeadLetterOptions& options);
int DeadLettersGet(Session& session, int64_t id);
int DeadLettersReplay(Session& session, const DeadLetterOptions& options);
int DeadLettersDiscard(Session& session, const DeadLetterOptions& options);

int ShowVersion(Session& session);

}  // namespace drift::client
