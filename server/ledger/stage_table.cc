#include "ledger/stage_table.h"

#include <algorithm>
#include <limits>

#include "ledger/codec.h"

namespace drift::ledger {

StatusOr<int64_t> AddStage(SqlSession& session, int64_t target_id,
                           std::span<const StagedKey> keys) {
  Guard newest;
  for (const StagedKey& key : keys) newest = std::max(newest, key.guard);
  ASSIGN_OR_RETURN(const auto row,
                   session.RunOne("INSERT INTO stages (target_id, revision, version, keys)"
                                  " VALUES ($1, $2, $3, $4) RETURNING id",
                                  SqlArgs(target_id, newest.revision, newest.version,
                                          SqlBytes{EncodeStage(keys)})));
  if (!row) return Internal("a new stage has no id");
  return row->Int(0);
}

StatusOr<OpenStages> LoadStages(SqlSession& session, int64_t target_id) {
  ASSIGN_OR_RETURN(const auto rows,
                   session.Run("SELECT id, keys FROM stages WHERE target_id = $1 ORDER BY id",
                               SqlArgs(target_id)));
  OpenStages open;
  for (const SqlRow& row : rows) {
    open.last = row.Int(0);
    RETURN_IF_ERROR(DecodeStage(row.Bytes(1), open.keys));
  }
  open.keys = MergeStages(std::move(open.keys));
  return open;
}

StatusOr<int64_t> LastStage(SqlSession& session) {
  ASSIGN_OR_RETURN(const auto row, session.RunOne("SELECT max(id) FROM stages", SqlArgs()));
  return row ? row->Int(0) : 0;
}

Status CloseStages(SqlSession& session, const CommitBatch& batch, int32_t revision,
                   int64_t orphans_until) {
  if (batch.closes_stage) {
    RETURN_IF_ERROR(session.Do("DELETE FROM stages WHERE id = $1 AND target_id = $2",
                               SqlArgs(*batch.closes_stage, batch.target_id)));
  }
  if (!batch.closes_orphaned_stages) return OkStatus();
  const int64_t version = batch.version.value_or(std::numeric_limits<int64_t>::max());
  return session.Do(
      "DELETE FROM stages WHERE target_id = $1 AND id <= $2"
      " AND (revision, version) <= ($3, $4)",
      SqlArgs(batch.target_id, orphans_until, revision, version));
}

Status ForgetStages(SqlSession& session, int64_t target_id) {
  return session.Do("DELETE FROM stages WHERE target_id = $1", SqlArgs(target_id));
}

}  // namespace drift::ledger
