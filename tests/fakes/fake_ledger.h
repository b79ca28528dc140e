// A ledger in memory, with the whole contract of core/ledger.h but durability: it runs the ledger's
// conformance suite.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "core/ledger.h"
#include "ledger/provenance.h"

namespace drift::testing {

// Safe for concurrent use.
class FakeLedger : public Ledger {
 public:
  // Asked at the beginning of every call with the method's name; an error is the call's answer, and
  // nothing was done. Set before threads start.
  std::function<Status(std::string_view method)> on_call;
  // Asked at the end of Commit, before anything of it can be seen.
  std::function<Status()> on_commit_end;

  // A backup: what is returned puts everything back as it is now. The ledger must outlive it.
  std::function<void()> Backup() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return [this, state = state_] {
      MutexLock lock(mu_);
      state_ = state;
    };
  }

  const std::string& id() const override { return id_; }
  Status Ping() override;

  Status SavePipeline(const PipelineRecord& record) override;
  StatusOr<std::vector<PipelineRecord>> LoadPipelines() override;

  StatusOr<Target> OpenTarget(const TargetKey& key) override;
  StatusOr<std::optional<Target>> FindTarget(const TargetKey& key) override;
  StatusOr<Target> GetTarget(int64_t target_id) override;
  StatusOr<std::vector<Target>> TargetsOf(const std::string& pipeline) override;
  Status BeginRevision(int64_t target_id, int32_t revision, const PipelineSpec& config,
                       bool drop_cursor) override;
  Status ClearTarget(int64_t target_id) override;
  Status SetMaintenance(int64_t target_id, bool sweep_due, bool index_due) override;
  Status MoveTarget(int64_t target_id, const std::string& sink) override;

  StatusOr<std::vector<RowState>> LoadRows(int64_t target_id,
                                           std::span<const std::string> keys) override;
  StatusOr<std::vector<RowHead>> ScanRows(int64_t target_id, const std::string& after_key,
                                          size_t limit) override;
  StatusOr<std::vector<TextMatch>> FindTexts(const std::string& fingerprint, int32_t dimensions,
                                             std::span<const Sha256Digest> texts,
                                             int64_t preferred_target) override;
  Status Adopt(int64_t target_id, std::span<const AdoptedPoint> points) override;
  Status DropAdopted(int64_t target_id) override;

  StatusOr<std::vector<StagedKey>> LoadStages(int64_t target_id) override;
  StatusOr<int64_t> Stage(int64_t target_id, std::span<const StagedKey> keys) override;
  Status Commit(const CommitBatch& batch) override;

  StatusOr<RunRecord> CreateRun(const RunRecord& run) override;
  Status UpdateRun(const RunRecord& run) override;
  StatusOr<RunRecord> GetRun(const std::string& id) override;
  StatusOr<std::vector<RunRecord>> ListRuns(const RunFilter& filter) override;

  StatusOr<int64_t> OpenRequest(const RequestRecord& intent) override;
  Status CloseRequest(const RequestOutcome& outcome) override;
  StatusOr<int64_t> SettleOpenRequests(WallTime now) override;
  StatusOr<std::vector<CostRow>> SumCosts(const CostFilter& filter) override;
  StatusOr<std::vector<BilledGuess>> LatestBills(const std::string& model, int32_t limit) override;

  StatusOr<ProvenancePage> FindProvenance(const ProvenanceFilter& filter) override;

  StatusOr<std::vector<DeadLetter>> ListDeadLetters(const DeadLetterFilter& filter) override;
  StatusOr<int64_t> DiscardDeadLetters(const DeadLetterFilter& filter) override;

 private:
  struct Row {
    int64_t number = 0;
    RowState state;
    ledger::CommitInfo written;
  };
  struct Deletion {
    RowState last;
    ledger::CommitInfo written;
    ledger::DeletionInfo how;
  };
  struct Letter {
    int64_t target_id = 0;
    DeadLetter letter;
  };
  struct TargetState {
    Target target;
    int64_t last_commit = 0;
    int64_t next_row = 1;
    std::map<std::string, Row> rows;
    std::map<int64_t, Deletion> deletions;
    std::map<Sha256Digest, Uuid> adopted;
    std::map<int64_t, std::vector<StagedKey>> stages;
    int64_t orphans_until = 0;
  };
  // All that a failed commit must leave as it was.
  struct State {
    std::map<std::string, PipelineRecord> pipelines;
    std::map<int64_t, TargetState> targets;
    std::vector<RunRecord> runs;
    std::map<int64_t, RequestRecord> requests;
    std::map<int64_t, Letter> letters;
    int64_t next_id = 1;
  };

  Status Called(std::string_view method) const { return on_call ? on_call(method) : OkStatus(); }
  static StatusOr<TargetState*> Find(State& state, int64_t target_id);
  static RunRecord* FindRun(State& state, const std::string& id);
  static Status Apply(const CommitBatch& batch, State& state);
  static void Upsert(const RowState& row, const ledger::CommitInfo& commit, State& state,
                     TargetState& target);
  static void Delete(const RowDeletion& deletion, const ledger::CommitInfo& commit, State& state,
                     TargetState& target);
  static void OpenLetter(const DeadLetter& letter, State& state, TargetState& target);
  static void CloseLetters(const std::string& key, State& state, TargetState& target);
  static void AddTexts(const TargetState& target, std::map<Sha256Digest, TextMatch>& texts);
  static std::vector<ledger::StoredRecords> Records(const TargetState& target, bool deleted,
                                                    int64_t from, int64_t limit);

  const std::string id_ = "01FAKE00000000000000000000";
  Mutex mu_;
  State state_ GUARDED_BY(mu_);
};

}  // namespace drift::testing
