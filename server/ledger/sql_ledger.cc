#include "ledger/sql_ledger.h"

#include "ledger/dead_letter_table.h"
#include "ledger/pipeline_table.h"
#include "ledger/request_table.h"
#include "ledger/run_table.h"
#include "ledger/stage_table.h"
#include "ledger/target_table.h"

namespace drift::ledger {

Status SqlLedger::SavePipeline(const PipelineRecord& record) {
  return Write([&](SqlSession& session) { return ledger::SavePipeline(session, record); });
}

StatusOr<std::vector<PipelineRecord>> SqlLedger::LoadPipelines() {
  return ReadValue<std::vector<PipelineRecord>>(ledger::LoadPipelines);
}

StatusOr<std::optional<Target>> SqlLedger::FindTarget(const TargetKey& key) {
  return ReadValue<std::optional<Target>>([&](SqlSession& session) {
    return ledger::FindTarget(session, key, /*any_fingerprint=*/key.fingerprint.empty());
  });
}

StatusOr<Target> SqlLedger::GetTarget(int64_t target_id) {
  return ReadValue<Target>(
      [&](SqlSession& session) { return ledger::GetTarget(session, target_id); });
}

StatusOr<std::vector<Target>> SqlLedger::TargetsOf(const std::string& pipeline) {
  return ReadValue<std::vector<Target>>(
      [&](SqlSession& session) { return ledger::TargetsOf(session, pipeline); });
}

Status SqlLedger::BeginRevision(int64_t target_id, int32_t revision, const PipelineSpec& config,
                                bool drop_cursor) {
  return Write([&](SqlSession& session) {
    return ledger::BeginRevision(session, target_id, revision, config, drop_cursor);
  });
}

Status SqlLedger::SetMaintenance(int64_t target_id, bool sweep_due, bool index_due) {
  return Write([&](SqlSession& session) {
    return ledger::SetMaintenance(session, target_id, sweep_due, index_due);
  });
}

Status SqlLedger::MoveTarget(int64_t target_id, const std::string& sink) {
  return Write([&](SqlSession& session) { return ledger::MoveTarget(session, target_id, sink); });
}

StatusOr<RunRecord> SqlLedger::CreateRun(const RunRecord& run) {
  return WriteValue<RunRecord>(
      [&](SqlSession& session) { return ledger::CreateRun(session, run); });
}

Status SqlLedger::UpdateRun(const RunRecord& run) {
  return Write([&](SqlSession& session) { return ledger::UpdateRun(session, run); });
}

StatusOr<RunRecord> SqlLedger::GetRun(const std::string& id) {
  return ReadValue<RunRecord>([&](SqlSession& session) { return ledger::GetRun(session, id); });
}

StatusOr<std::vector<RunRecord>> SqlLedger::ListRuns(const RunFilter& filter) {
  return ReadValue<std::vector<RunRecord>>(
      [&](SqlSession& session) { return ledger::ListRuns(session, filter); });
}

StatusOr<int64_t> SqlLedger::OpenRequest(const RequestRecord& intent) {
  return WriteValue<int64_t>(
      [&](SqlSession& session) { return ledger::OpenRequest(session, intent); });
}

Status SqlLedger::CloseRequest(const RequestOutcome& outcome) {
  return Write([&](SqlSession& session) { return ledger::CloseRequest(session, outcome); });
}

StatusOr<int64_t> SqlLedger::SettleOpenRequests(WallTime now) {
  return WriteValue<int64_t>(
      [&](SqlSession& session) { return ledger::SettleOpenRequests(session, now); });
}

StatusOr<std::vector<CostRow>> SqlLedger::SumCosts(const CostFilter& filter) {
  return ReadValue<std::vector<CostRow>>(
      [&](SqlSession& session) { return ledger::SumCosts(session, filter); });
}

StatusOr<std::vector<BilledGuess>> SqlLedger::LatestBills(const std::string& model, int32_t limit) {
  return ReadValue<std::vector<BilledGuess>>(
      [&](SqlSession& session) { return ledger::LatestBills(session, model, limit); });
}

StatusOr<std::vector<DeadLetter>> SqlLedger::ListDeadLetters(const DeadLetterFilter& filter) {
  return ReadValue<std::vector<DeadLetter>>(
      [&](SqlSession& session) { return ledger::ListDeadLetters(session, filter); });
}

// -- stages

StatusOr<std::vector<StagedKey>> SqlLedger::LoadStages(int64_t target_id) {
  RETURN_IF_ERROR(CheckTarget(target_id));
  ASSIGN_OR_RETURN(OpenStages open, ReadValue<OpenStages>([&](SqlSession& session) {
                     return ledger::LoadStages(session, target_id);
                   }));
  MutexLock lock(orphans_mu_);
  orphans_[target_id] = open.last;
  return std::move(open.keys);
}

StatusOr<int64_t> SqlLedger::Stage(int64_t target_id, std::span<const StagedKey> keys) {
  RETURN_IF_ERROR(CheckTarget(target_id));
  return WriteValue<int64_t>(
      [&](SqlSession& session) { return AddStage(session, target_id, keys); });
}

int64_t SqlLedger::OrphansUntil(int64_t target_id) const {
  MutexLock lock(orphans_mu_);
  const auto known = orphans_.find(target_id);
  return known == orphans_.end() ? first_orphans_ : known->second;
}

Status SqlLedger::RememberOrphans(SqlSession& session) {
  ASSIGN_OR_RETURN(const int64_t last, LastStage(session));
  MutexLock lock(orphans_mu_);
  first_orphans_ = last;
  return OkStatus();
}

// -- dead letters

StatusOr<int64_t> SqlLedger::DiscardDeadLetters(const DeadLetterFilter& filter) {
  int64_t count = 0;
  RETURN_IF_ERROR(WriteAlone([&](SqlSession& session) -> Status {
    ASSIGN_OR_RETURN(const std::vector<ClosedLetter> closed, DiscardLetters(session, filter));
    count = static_cast<int64_t>(closed.size());
    std::map<int64_t, std::vector<std::string>> by_target;
    for (const ClosedLetter& letter : closed) by_target[letter.target_id].push_back(letter.key);
    for (const auto& [target_id, keys] : by_target) {
      RETURN_IF_ERROR(AddDeadLetters(session, target_id, -static_cast<int64_t>(keys.size())));
      ASSIGN_OR_RETURN(const auto without, KeysWithoutLetters(session, target_id, keys));
      RETURN_IF_ERROR(Revive(session, target_id, without));
    }
    return OkStatus();
  }));
  return count;
}

}  // namespace drift::ledger
