#include "ledger/pipeline_table.h"

#include "ledger/spec_json.h"

namespace drift::ledger {

Status SavePipeline(SqlSession& session, const PipelineRecord& record) {
  return session.Do(
      "INSERT INTO pipelines (name, spec, origin, pause_reason, pause_message, pause_remedy,"
      " pause_since, deleted, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
      " ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, origin = excluded.origin,"
      " pause_reason = excluded.pause_reason, pause_message = excluded.pause_message,"
      " pause_remedy = excluded.pause_remedy, pause_since = excluded.pause_since,"
      " deleted = excluded.deleted, created_at = excluded.created_at",
      SqlArgs(record.spec.name, SpecToJson(record.spec), record.origin, record.pause.reason,
              Storable(record.pause.message), Storable(record.pause.remedy), record.pause.since,
              record.deleted, record.created_at));
}

StatusOr<std::vector<PipelineRecord>> LoadPipelines(SqlSession& session) {
  ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                   session.Run("SELECT spec, origin, pause_reason, pause_message, pause_remedy,"
                               " pause_since, created_at FROM pipelines WHERE deleted = 0"
                               " ORDER BY name",
                               SqlArgs()));
  std::vector<PipelineRecord> out;
  for (const SqlRow& row : rows) {
    PipelineRecord& record = out.emplace_back();
    ASSIGN_OR_RETURN(record.spec, SpecFromJson(row.Text(0)));
    record.origin = static_cast<PipelineOrigin>(row.Int(1));
    record.pause = {row.Text(2), row.Text(3), row.Text(4), row.Time(5)};
    record.created_at = row.Time(6);
  }
  return out;
}

}  // namespace drift::ledger
