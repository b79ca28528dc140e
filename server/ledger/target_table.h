// The table of targets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/ledger_types.h"
#include "ledger/sql.h"

namespace drift::ledger {

StatusOr<std::optional<Target>> FindTarget(SqlSession& session, const TargetKey& key,
                                           bool any_fingerprint);
StatusOr<std::vector<Target>> AllTargets(SqlSession& session);
// REQUIRES: there is none of this key. Revision 0.
StatusOr<Target> AddTarget(SqlSession& session, const TargetKey& key);
// kNotFound names the id.
StatusOr<Target> GetTarget(SqlSession& session, int64_t id);
StatusOr<std::vector<Target>> TargetsOf(SqlSession& session, const std::string& pipeline);

// The following are kNotFound if the target is not there.
Status BeginRevision(SqlSession& session, int64_t id, int32_t revision, const PipelineSpec& config,
                     bool drop_cursor);
Status SetMaintenance(SqlSession& session, int64_t id, bool sweep_due, bool index_due);
// kAlreadyExists if there is a target of the same model at that address.
Status MoveTarget(SqlSession& session, int64_t id, const std::string& sink);
// Nothing is known of its rows any more: counters and cursor.
Status ForgetRows(SqlSession& session, int64_t id);

// What a commit starts from. Locks the target until the end of the transaction where the database
// has more than one writer.
struct CommitBase {
  std::string pipeline;
  int32_t revision = 0;
  int64_t last_commit = 0;   // CommitDigest() of the last batch
  int64_t dead_letters = 0;  // open ones
};
StatusOr<CommitBase> LockTarget(SqlSession& session, int64_t id, std::string_view for_update);

// What a commit changes.
struct CommitDelta {
  int64_t rows = 0;
  int64_t points = 0;
  int64_t dead_letters = 0;
  int64_t digest = 0;
};
Status AdvanceTarget(SqlSession& session, const CommitBatch& batch, const CommitDelta& delta);
Status AddDeadLetters(SqlSession& session, int64_t id, int64_t count);

Status NoSuchTarget(int64_t id);

}  // namespace drift::ledger
