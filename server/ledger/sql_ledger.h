// What is the same in both databases: pipelines, targets, runs, money, dead letters.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/ledger.h"
#include "ledger/sql.h"

namespace drift::ledger {

class SqlLedger : public Ledger {
 public:
  const std::string& id() const override { return id_; }

  Status SavePipeline(const PipelineRecord& record) override;
  StatusOr<std::vector<PipelineRecord>> LoadPipelines() override;

  StatusOr<std::optional<Target>> FindTarget(const TargetKey& key) override;
  StatusOr<Target> GetTarget(int64_t target_id) override;
  StatusOr<std::vector<Target>> TargetsOf(const std::string& pipeline) override;
  Status BeginRevision(int64_t target_id, int32_t revision, const PipelineSpec& config,
                       bool drop_cursor) override;
  Status SetMaintenance(int64_t target_id, bool sweep_due, bool index_due) override;

  StatusOr<RunRecord> CreateRun(const RunRecord& run) override;
  Status UpdateRun(const RunRecord& run) override;
  StatusOr<RunRecord> GetRun(const std::string& id) override;
  StatusOr<std::vector<RunRecord>> ListRuns(const RunFilter& filter) override;

  StatusOr<int64_t> OpenRequest(const RequestRecord& intent) override;
  Status CloseRequest(const RequestOutcome& outcome) override;
  StatusOr<int64_t> SettleOpenRequests(WallTime now) override;
  StatusOr<std::vector<CostRow>> SumCosts(const CostFilter& filter) override;

  StatusOr<std::vector<DeadLetter>> ListDeadLetters(const DeadLetterFilter& filter) override;

 protected:
  using Work = std::function<Status(SqlSession&)>;
  // One transaction around `work`, which may run more than once.
  virtual Status Read(const Work& work) = 0;
  virtual Status Write(const Work& work) = 0;

  template <typename T, typename F>
  StatusOr<T> ReadValue(F work) {
    StatusOr<T> out = Internal("nothing was read");
    RETURN_IF_ERROR(Read([&](SqlSession& session) {
      out = work(session);
      return out.status();
    }));
    return out;
  }
  template <typename T, typename F>
  StatusOr<T> WriteValue(F work) {
    StatusOr<T> out = Internal("nothing was written");
    RETURN_IF_ERROR(Write([&](SqlSession& session) {
      out = work(session);
      return out.status();
    }));
    return out;
  }

  std::string id_;  // set when it is opened
};

}  // namespace drift::ledger
