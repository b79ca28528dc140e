// What is the same in both databases: pipelines, targets, runs, money, dead letters.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
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
  Status MoveTarget(int64_t target_id, const std::string& sink) override;

  StatusOr<RunRecord> CreateRun(const RunRecord& run) override;
  Status UpdateRun(const RunRecord& run) override;
  StatusOr<RunRecord> GetRun(const std::string& id) override;
  StatusOr<std::vector<RunRecord>> ListRuns(const RunFilter& filter) override;

  StatusOr<int64_t> OpenRequest(const RequestRecord& intent) override;
  Status CloseRequest(const RequestOutcome& outcome) override;
  StatusOr<int64_t> SettleOpenRequests(WallTime now) override;
  StatusOr<std::vector<CostRow>> SumCosts(const CostFilter& filter) override;
  StatusOr<std::vector<BilledGuess>> LatestBills(const std::string& model, int32_t limit) override;

  StatusOr<std::vector<StagedKey>> LoadStages(int64_t target_id) override;
  StatusOr<int64_t> Stage(int64_t target_id, std::span<const StagedKey> keys) override;

  StatusOr<std::vector<DeadLetter>> ListDeadLetters(const DeadLetterFilter& filter) override;
  StatusOr<int64_t> DiscardDeadLetters(const DeadLetterFilter& filter) override;

 protected:
  using Work = std::function<Status(SqlSession&)>;
  // One transaction around `work`, which may run more than once.
  virtual Status Read(const Work& work) = 0;
  virtual Status Write(const Work& work) = 0;
  // One that shares with no other.
  virtual Status WriteAlone(const Work& work) { return Write(work); }
  // kNotFound unless there is such a target.
  virtual Status CheckTarget(int64_t target_id) = 0;
  // In a transaction: these rows, where they are there, are not dead any more: their letters are
  // gone.
  virtual Status Revive(SqlSession& session, int64_t target_id,
                        std::span<const std::string> keys) = 0;

  // Stages up to this id are orphans: what the last LoadStages of the target has shown, or what was
  // there when the ledger was opened.
  int64_t OrphansUntil(int64_t target_id) const EXCLUDES(orphans_mu_);
  Status RememberOrphans(SqlSession& session) EXCLUDES(orphans_mu_);

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

 private:
  mutable Mutex orphans_mu_;
  std::map<int64_t, int64_t> orphans_ GUARDED_BY(orphans_mu_);  // by target
  int64_t first_orphans_ GUARDED_BY(orphans_mu_) = 0;
};

}  // namespace drift::ledger
