#include "ledger/sql_ledger.h"

#include "ledger/dead_letter_table.h"
#include "ledger/pipeline_table.h"
#include "ledger/request_table.h"
#include "ledger/run_table.h"
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

StatusOr<std::vector<DeadLetter>> SqlLedger::ListDeadLetters(const DeadLetterFilter& filter) {
  return ReadValue<std::vector<DeadLetter>>(
      [&](SqlSession& session) { return ledger::ListDeadLetters(session, filter); });
}

}  // namespace drift::ledger
