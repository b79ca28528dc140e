// The database of cursors, row states, runs, costs, provenance and dead letters: what makes a kill
// at any instruction harmless. docs/life-of-a-change.md shows the protocol; docs/ledger.md the
// schema.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/ledger_types.h"

namespace drift {

// Safe for concurrent use. Every method is one transaction: all of it is durable when it returns
// OK, none of it otherwise. Codes:
//   kUnavailable        the database is away or busy; try again
//   kResourceExhausted  disk full (DISK_FULL)
//   kNotFound           the thing named is not there
//   kDataLoss           the database is damaged
class Ledger {
 public:
  virtual ~Ledger() = default;

  // A ULID made with the ledger; stamped on collections.
  virtual const std::string& id() const = 0;

  // Reachable and writable: what readiness asks.
  virtual Status Ping() = 0;

  // -- pipelines. Saving keeps a deleted pipeline's targets.
  virtual Status SavePipeline(const PipelineRecord& record) = 0;
  virtual StatusOr<std::vector<PipelineRecord>> LoadPipelines() = 0;  // without deleted ones

  // -- targets
  // The target of `key`, made with revision 0 if it is new.
  virtual StatusOr<Target> OpenTarget(const TargetKey& key) = 0;
  // The same without making it; nullopt if it is new. `key.fingerprint` may be empty: any.
  virtual StatusOr<std::optional<Target>> FindTarget(const TargetKey& key) = 0;
  virtual StatusOr<Target> GetTarget(int64_t target_id) = 0;
  virtual StatusOr<std::vector<Target>> TargetsOf(const std::string& pipeline) = 0;
  // Begins a revision: stores it with the configuration that it stands for. The cursor is dropped
  // if `drop_cursor`. Row states stay (rows of a lower revision are never skipped).
  virtual Status BeginRevision(int64_t target_id, int32_t revision, const PipelineSpec& config,
                               bool drop_cursor) = 0;
  // Forgets all row states, stages and the cursor: the index is lost. Deletions and money stay.
  virtual Status ClearTarget(int64_t target_id) = 0;
  virtual Status SetMaintenance(int64_t target_id, bool sweep_due, bool index_due) = 0;
  // The same collection by another address: its connection's options changed. kAlreadyExists: there
  // is a target of that address.
  virtual Status MoveTarget(int64_t target_id, const std::string& sink) = 0;

  // -- rows
  // States of those keys that have one, in any order.
  virtual StatusOr<std::vector<RowState>> LoadRows(int64_t target_id,
                                                   std::span<const std::string> keys) = 0;
  // Live rows in key order, after `after_key` (empty: from the start), at most `limit`.
  virtual StatusOr<std::vector<RowHead>> ScanRows(int64_t target_id, const std::string& after_key,
                                                  size_t limit) = 0;
  // Live points of the model that hold these texts, at most one per text; points of
  // `preferred_target` first. Also adopted points.
  virtual StatusOr<std::vector<TextMatch>> FindTexts(const std::string& fingerprint,
                                                     int32_t dimensions,
                                                     std::span<const Sha256Digest> texts,
                                                     int64_t preferred_target) = 0;
  // Points found in a collection that the ledger does not know (first contact): their vectors may
  // be reused until DropAdopted().
  struct AdoptedPoint {
    Uuid point_id;
    Sha256Digest text_sha256{};
  };
  virtual Status Adopt(int64_t target_id, std::span<const AdoptedPoint> points) = 0;
  virtual Status DropAdopted(int64_t target_id) = 0;

  // -- the protocol of a batch
  // Keys of stages that were never closed: by a crash. Larger chunk counts win.
  virtual StatusOr<std::vector<StagedKey>> LoadStages(int64_t target_id) = 0;
  // Durable before the sink write. Returns the stage's id.
  virtual StatusOr<int64_t> Stage(int64_t target_id, std::span<const StagedKey> keys) = 0;
  virtual Status Commit(const CommitBatch& batch) = 0;

  // -- runs
  // If a run with the same non-empty request_id exists, returns that one instead.
  virtual StatusOr<RunRecord> CreateRun(const RunRecord& run) = 0;
  // Stores state, attempts, versions, counters, times and error.
  virtual Status UpdateRun(const RunRecord& run) = 0;
  virtual StatusOr<RunRecord> GetRun(const std::string& id) = 0;
  virtual StatusOr<std::vector<RunRecord>> ListRuns(const RunFilter& filter) = 0;  // newest first

  // -- money
  // The intent, before a paid request. Returns its id.
  virtual StatusOr<int64_t> OpenRequest(const RequestRecord& intent) = 0;
  virtual Status CloseRequest(const RequestOutcome& outcome) = 0;
  // At start: requests left open by a crash become kUnknown, at their estimate. Returns how many.
  virtual StatusOr<int64_t> SettleOpenRequests(WallTime now) = 0;
  virtual StatusOr<std::vector<CostRow>> SumCosts(const CostFilter& filter) = 0;  // by key
  // The latest answers of a model (provider/name) whose tokens the provider said and no tokenizer
  // counts; oldest first, at most `limit`.
  virtual StatusOr<std::vector<BilledGuess>> LatestBills(const std::string& model,
                                                         int32_t limit) = 0;

  // -- lineage
  virtual StatusOr<ProvenancePage> FindProvenance(const ProvenanceFilter& filter) = 0;

  // -- dead letters
  virtual StatusOr<std::vector<DeadLetter>> ListDeadLetters(const DeadLetterFilter& filter) = 0;
  // Closes them for good without embedding. Returns how many.
  virtual StatusOr<int64_t> DiscardDeadLetters(const DeadLetterFilter& filter) = 0;
};

}  // namespace drift
