#include "ledger/target_table.h"

#include "ledger/spec_json.h"

namespace drift::ledger {
namespace {

constexpr char kSelect[] =
    "SELECT id, pipeline, model, fingerprint, dimensions, sink, revision, config_hash, config,"
    " cursor, version, row_count, point_count, dead_letter_count, sweep_due, index_due"
    " FROM targets WHERE ";

StatusOr<Target> ReadTarget(const SqlRow& row) {
  Target target;
  target.id = row.Int(0);
  target.key = {row.Text(1), row.Text(2), row.Text(3), row.Int32(4), row.Text(5)};
  target.revision = row.Int32(6);
  target.config_hash = row.Text(7);
  if (!row.IsNull(8)) {
    ASSIGN_OR_RETURN(target.config, SpecFromJson(row.Text(8)));
  }
  if (!row.IsNull(9)) target.cursor = Cursor{row.Bytes(9)};
  target.version = row.Int(10);
  target.rows = row.Int(11);
  target.points = row.Int(12);
  target.dead_letters = row.Int(13);
  target.sweep_due = row.Bool(14);
  target.index_due = row.Bool(15);
  return target;
}

StatusOr<std::vector<Target>> Select(SqlSession& session, std::string_view where,
                                     const SqlArgs& args) {
  ASSIGN_OR_RETURN(const auto rows, session.Run(fmt::format("{}{}", kSelect, where), args));
  std::vector<Target> out;
  for (const SqlRow& row : rows) {
    ASSIGN_OR_RETURN(out.emplace_back(), ReadTarget(row));
  }
  return out;
}

// Of a statement that returns the id of what it changed.
Status MustExist(const StatusOr<std::optional<SqlRow>>& changed, int64_t id) {
  RETURN_IF_ERROR(changed.status());
  return *changed ? OkStatus() : NoSuchTarget(id);
}

}  // namespace

Status NoSuchTarget(int64_t id) {
  return NotFound("target {} is not in the ledger", id);
}

StatusOr<std::optional<Target>> FindTarget(SqlSession& session, const TargetKey& key,
                                           bool any_fingerprint) {
  SqlArgs args(key.pipeline, key.model, key.dimensions, key.sink);
  std::string where = "pipeline = $1 AND model = $2 AND dimensions = $3 AND sink = $4";
  if (!any_fingerprint) {
    where += fmt::format(" AND fingerprint = ${}", args.Add(key.fingerprint));
  }
  // Of several that differ in the fingerprint alone, the one used last.
  ASSIGN_OR_RETURN(const auto row,
                   session.RunOne(kSelect + where + " ORDER BY id DESC LIMIT 1", args));
  if (!row) return std::optional<Target>();
  ASSIGN_OR_RETURN(Target target, ReadTarget(*row));
  return std::optional<Target>(std::move(target));
}

StatusOr<Target> AddTarget(SqlSession& session, const TargetKey& key) {
  ASSIGN_OR_RETURN(
      const auto row,
      session.RunOne("INSERT INTO targets (pipeline, model, fingerprint, dimensions,"
                     " sink) VALUES ($1, $2, $3, $4, $5) RETURNING id",
                     SqlArgs(key.pipeline, key.model, key.fingerprint, key.dimensions, key.sink)));
  if (!row) return Internal("a new target has no id");
  return GetTarget(session, row->Int(0));
}

StatusOr<Target> GetTarget(SqlSession& session, int64_t id) {
  ASSIGN_OR_RETURN(const auto row, session.RunOne(std::string(kSelect) + "id = $1", SqlArgs(id)));
  if (!row) return NoSuchTarget(id);
  return ReadTarget(*row);
}

StatusOr<std::vector<Target>> TargetsOf(SqlSession& session, const std::string& pipeline) {
  return Select(session, "pipeline = $1 ORDER BY id", SqlArgs(pipeline));
}

StatusOr<std::vector<Target>> AllTargets(SqlSession& session) {
  return Select(session, "1 = 1 ORDER BY id", SqlArgs());
}

Status BeginRevision(SqlSession& session, int64_t id, int32_t revision, const PipelineSpec& config,
                     bool drop_cursor) {
  const std::string cursor = drop_cursor ? ", cursor = NULL, version = -1" : "";
  return MustExist(
      session.RunOne("UPDATE targets SET revision = $1, config_hash = $2, config = $3" + cursor +
                         " WHERE id = $4 RETURNING id",
                     SqlArgs(revision, ContentConfigHash(config), SpecToJson(config), id)),
      id);
}

Status SetMaintenance(SqlSession& session, int64_t id, bool sweep_due, bool index_due) {
  return MustExist(
      session.RunOne("UPDATE targets SET sweep_due = $1, index_due = $2 WHERE id = $3 RETURNING id",
                     SqlArgs(sweep_due, index_due, id)),
      id);
}

Status MoveTarget(SqlSession& session, int64_t id, const std::string& sink) {
  ASSIGN_OR_RETURN(Target target, GetTarget(session, id));
  target.key.sink = sink;
  ASSIGN_OR_RETURN(const auto there, FindTarget(session, target.key, /*any_fingerprint=*/false));
  if (there && there->id != id)
    return AlreadyExists("target {} has the address {}", there->id, sink);
  return session.Do("UPDATE targets SET sink = $1 WHERE id = $2", SqlArgs(sink, id));
}

Status ForgetRows(SqlSession& session, int64_t id) {
  return MustExist(session.RunOne("UPDATE targets SET cursor = NULL, version = -1, row_count = 0,"
                                  " point_count = 0, dead_letter_count = 0, last_commit = 0"
                                  " WHERE id = $1 RETURNING id",
                                  SqlArgs(id)),
                   id);
}

StatusOr<CommitBase> LockTarget(SqlSession& session, int64_t id, std::string_view for_update) {
  ASSIGN_OR_RETURN(
      const auto row,
      session.RunOne(
          fmt::format("SELECT pipeline, revision, last_commit, dead_letter_count FROM targets"
                      " WHERE id = $1 {}",
                      for_update),
          SqlArgs(id)));
  if (!row) return NoSuchTarget(id);
  return CommitBase{row->Text(0), row->Int32(1), row->Int(2), row->Int(3)};
}

Status AdvanceTarget(SqlSession& session, const CommitBatch& batch, const CommitDelta& delta) {
  SqlArgs args(delta.rows, delta.points, delta.dead_letters, delta.digest);
  std::string set =
      "row_count = row_count + $1, point_count = point_count + $2,"
      " dead_letter_count = dead_letter_count + $3, last_commit = $4";
  if (batch.cursor) set += fmt::format(", cursor = ${}", args.Add(SqlBytes{batch.cursor->token}));
  if (batch.version) set += fmt::format(", version = ${}", args.Add(*batch.version));
  const size_t id = args.Add(batch.target_id);
  return session.Do(fmt::format("UPDATE targets SET {} WHERE id = ${}", set, id), args);
}

Status AddDeadLetters(SqlSession& session, int64_t id, int64_t count) {
  return session.Do("UPDATE targets SET dead_letter_count = dead_letter_count + $1 WHERE id = $2",
                    SqlArgs(count, id));
}

}  // namespace drift::ledger
