#include "ledger/run_table.h"

namespace drift::ledger {
namespace {

// In the order of ReadRun() and Values().
constexpr char kColumns[] =
    "id, request_id, pipeline, mode, state, source, sink, model, scheduled, attempts, selection,"
    " from_version, to_version, rows_read, rows_inserted, rows_updated, rows_deleted,"
    " rows_unchanged, texts_embedded, texts_reused, points_written, points_deleted, dead_letters,"
    " provider_requests, tokens, tokens_estimated, cost, queued_at, started_at, ended_at, error,"
    " error_reason";
constexpr size_t kColumnCount = 32;

RunRecord ReadRun(const SqlRow& row) {
  RunRecord run;
  size_t at = 0;
  run.id = row.Text(at++);
  run.request_id = row.Text(at++);
  run.pipeline = row.Text(at++);
  run.mode = static_cast<RunMode>(row.Int(at++));
  run.state = static_cast<RunState>(row.Int(at++));
  run.source = row.Text(at++);
  run.sink = row.Text(at++);
  run.model = row.Text(at++);
  run.scheduled = row.Bool(at++);
  run.attempts = row.Int32(at++);
  run.selection = row.Text(at++);
  run.from_version = row.Int(at++);
  run.to_version = row.Int(at++);
  RunCounters& counters = run.counters;
  for (int64_t* counter :
       {&counters.rows_read, &counters.rows_inserted, &counters.rows_updated,
        &counters.rows_deleted, &counters.rows_unchanged, &counters.texts_embedded,
        &counters.texts_reused, &counters.points_written, &counters.points_deleted,
        &counters.dead_letters, &counters.provider_requests, &counters.tokens}) {
    *counter = row.Int(at++);
  }
  counters.tokens_estimated = row.Bool(at++);
  counters.cost = row.Int(at++);
  run.queued_at = row.Time(at++);
  run.started_at = row.OptionalTime(at++);
  run.ended_at = row.OptionalTime(at++);
  run.error = row.Text(at++);
  run.error_reason = row.Text(at++);
  return run;
}

SqlArgs Values(const RunRecord& run) {
  const RunCounters& counters = run.counters;
  return SqlArgs(run.id, run.request_id, run.pipeline, run.mode, run.state, run.source, run.sink,
                 run.model, run.scheduled, run.attempts, run.selection, run.from_version,
                 run.to_version, counters.rows_read, counters.rows_inserted, counters.rows_updated,
                 counters.rows_deleted, counters.rows_unchanged, counters.texts_embedded,
                 counters.texts_reused, counters.points_written, counters.points_deleted,
                 counters.dead_letters, counters.provider_requests, counters.tokens,
                 counters.tokens_estimated, counters.cost, run.queued_at, run.started_at,
                 run.ended_at, Storable(run.error), run.error_reason);
}

// "rows_read = $4, ...": `args` gets the values.
std::string SetCounters(const RunCounters& counters, SqlArgs& args) {
  std::string set;
  const auto add = [&](std::string_view column, int64_t value) {
    if (!set.empty()) set += ", ";
    set += fmt::format("{} = ${}", column, args.Add(value));
  };
  add("rows_read", counters.rows_read);
  add("rows_inserted", counters.rows_inserted);
  add("rows_updated", counters.rows_updated);
  add("rows_deleted", counters.rows_deleted);
  add("rows_unchanged", counters.rows_unchanged);
  add("texts_embedded", counters.texts_embedded);
  add("texts_reused", counters.texts_reused);
  add("points_written", counters.points_written);
  add("points_deleted", counters.points_deleted);
  add("dead_letters", counters.dead_letters);
  add("provider_requests", counters.provider_requests);
  add("tokens", counters.tokens);
  add("tokens_estimated", counters.tokens_estimated ? 1 : 0);
  add("cost", counters.cost);
  return set;
}

Status NoSuchRun(const std::string& id) {
  return NotFound("run {} is not in the ledger", id);
}

StatusOr<std::optional<RunRecord>> FindRun(SqlSession& session, std::string_view column,
                                           const std::string& value) {
  ASSIGN_OR_RETURN(const auto row, session.RunOne(fmt::format("SELECT {} FROM runs WHERE {} = $1",
                                                              kColumns, column),
                                                  SqlArgs(value)));
  if (!row) return std::optional<RunRecord>();
  return std::optional<RunRecord>(ReadRun(*row));
}

}  // namespace

StatusOr<RunRecord> CreateRun(SqlSession& session, const RunRecord& run) {
  std::string values;
  for (size_t i = 1; i <= kColumnCount; ++i) values += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  // Whatever is unique decides, also between two callers at the same time.
  ASSIGN_OR_RETURN(const auto added,
                   session.RunOne(fmt::format("INSERT INTO runs ({}) VALUES ({})"
                                              " ON CONFLICT DO NOTHING RETURNING id",
                                              kColumns, values),
                                  Values(run)));
  if (added) return run;
  if (!run.request_id.empty()) {
    ASSIGN_OR_RETURN(auto same, FindRun(session, "request_id", run.request_id));
    if (same) return *std::move(same);
  }
  return GetRun(session, run.id);
}

Status UpdateRun(SqlSession& session, const RunRecord& run) {
  SqlArgs args(run.state, run.attempts, run.from_version, run.to_version, run.started_at,
               run.ended_at, Storable(run.error), run.error_reason);
  const std::string counters = SetCounters(run.counters, args);
  const size_t id = args.Add(run.id);
  ASSIGN_OR_RETURN(
      const auto changed,
      session.RunOne(fmt::format("UPDATE runs SET state = $1, attempts = $2, from_version = $3,"
                                 " to_version = $4, started_at = $5, ended_at = $6, error = $7,"
                                 " error_reason = $8, {} WHERE id = ${} RETURNING id",
                                 counters, id),
                     args));
  return changed ? OkStatus() : NoSuchRun(run.id);
}

StatusOr<RunRecord> GetRun(SqlSession& session, const std::string& id) {
  ASSIGN_OR_RETURN(auto run, FindRun(session, "id", id));
  if (!run) return NoSuchRun(id);
  return *std::move(run);
}

StatusOr<std::vector<RunRecord>> ListRuns(SqlSession& session, const RunFilter& filter) {
  SqlArgs args;
  std::string where = "1 = 1";
  if (!filter.pipeline.empty())
    where += fmt::format(" AND pipeline = ${}", args.Add(filter.pipeline));
  if (!filter.states.empty()) where += " AND state IN " + args.AddSet(filter.states);
  if (!filter.before_id.empty()) {
    ASSIGN_OR_RETURN(const int64_t before, RunNumber(session, filter.before_id));
    where += fmt::format(" AND seq < ${}", args.Add(before));
  }
  const size_t limit = args.Add(filter.limit);
  ASSIGN_OR_RETURN(
      const auto rows,
      session.Run(fmt::format("SELECT {} FROM runs WHERE {} ORDER BY seq DESC LIMIT ${}", kColumns,
                              where, limit),
                  args));
  std::vector<RunRecord> out;
  out.reserve(rows.size());
  for (const SqlRow& row : rows) out.push_back(ReadRun(row));
  return out;
}

StatusOr<int64_t> RunNumber(SqlSession& session, const std::string& id) {
  if (id.empty()) return 0;
  ASSIGN_OR_RETURN(const auto row,
                   session.RunOne("SELECT seq FROM runs WHERE id = $1", SqlArgs(id)));
  if (!row) return NoSuchRun(id);
  return row->Int(0);
}

StatusOr<int64_t> AdvanceRun(SqlSession& session, const CommitBatch& batch) {
  if (batch.run_id.empty()) return 0;
  SqlArgs args;
  std::string set = SetCounters(batch.counters, args);
  if (batch.version) set += fmt::format(", to_version = ${}", args.Add(*batch.version));
  const size_t id = args.Add(batch.run_id);
  ASSIGN_OR_RETURN(
      const auto row,
      session.RunOne(fmt::format("UPDATE runs SET {} WHERE id = ${} RETURNING seq", set, id),
                     args));
  if (!row) return NoSuchRun(batch.run_id);
  return row->Int(0);
}

}  // namespace drift::ledger
