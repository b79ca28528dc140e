#include "ledger/request_table.h"

#include <limits>

#include "base/time_text.h"
#include "ledger/run_table.h"

namespace drift::ledger {
namespace {

constexpr int64_t kMicrosPerDay = 86'400'000'000;

std::string KeyExpression(CostGroup by) {
  switch (by) {
    case CostGroup::kModel:
      return "q.model";
    case CostGroup::kPipeline:
      return "q.pipeline";
    case CostGroup::kProvider:
      return "q.provider";
    case CostGroup::kRun:
      return "coalesce(r.id, '')";
    // Days since 1970-01-01; later ones have larger numbers, as their names do.
    case CostGroup::kDay:
      return fmt::format("q.started_at / {}", kMicrosPerDay);
  }
  return "''";
}

// The last key of a page as KeyExpression() gives it.
StatusOr<SqlValue> AfterKey(const CostFilter& filter) {
  if (filter.by != CostGroup::kDay) return ToSqlValue(filter.after_key);
  const auto day = ParseTime(filter.after_key);
  if (!day.ok()) return InvalidArgument("after_key '{}': not a day", filter.after_key);
  return SqlValue(day->time_since_epoch().count() / kMicrosPerDay);
}

CostRow ReadCost(const SqlRow& row, CostGroup by) {
  CostRow out;
  out.key = by == CostGroup::kDay ? FormatDate(row.Int32(0)) : row.Text(0);
  out.runs = row.Int(1);
  out.requests = row.Int(2);
  out.texts = row.Int(3);
  out.tokens = row.Int(4);
  out.tokens_estimated = row.Bool(5);
  out.cost = row.Int(6);
  out.tokens_by_provider = row.Int(7);
  out.tokens_by_tokenizer = row.Int(8);
  out.tokens_by_estimate = row.Int(9);
  return out;
}

}  // namespace

StatusOr<int64_t> OpenRequest(SqlSession& session, const RequestRecord& intent) {
  ASSIGN_OR_RETURN(const int64_t run, RunNumber(session, intent.run_id));
  ASSIGN_OR_RETURN(
      const auto row,
      session.RunOne("INSERT INTO requests (run, pipeline, provider, model, kind, state, requests,"
                     " texts, tokens, tokens_estimated, cost, started_at)"
                     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
                     SqlArgs(run, intent.pipeline, intent.provider, intent.model, intent.kind,
                             RequestState::kOpen, intent.requests, intent.texts, intent.tokens,
                             intent.tokens_estimated, intent.cost, intent.started_at)));
  if (!row) return Internal("a new request has no id");
  return row->Int(0);
}

Status CloseRequest(SqlSession& session, const RequestOutcome& outcome) {
  SqlArgs args(outcome.state, outcome.ended_at);
  std::string set = "state = $1, ended_at = $2";
  if (outcome.state != RequestState::kUnknown) {
    set += fmt::format(", tokens = ${}", args.Add(outcome.tokens));
    set += fmt::format(", tokens_estimated = ${}", args.Add(outcome.tokens_estimated));
    set += fmt::format(", cost = ${}", args.Add(outcome.cost));
    set += fmt::format(", token_source = ${}", args.Add(outcome.token_source));
    set += fmt::format(", guessed_tokens = ${}", args.Add(outcome.guessed_tokens));
  }
  const size_t id = args.Add(outcome.id);
  ASSIGN_OR_RETURN(
      const auto row,
      session.RunOne(fmt::format("UPDATE requests SET {} WHERE id = ${} RETURNING id", set, id),
                     args));
  return row ? OkStatus() : NotFound("request {} is not in the ledger", outcome.id);
}

StatusOr<int64_t> SettleOpenRequests(SqlSession& session, WallTime now) {
  ASSIGN_OR_RETURN(const auto rows,
                   session.Run("UPDATE requests SET state = $1, ended_at = $2 WHERE state = 0"
                               " RETURNING id",
                               SqlArgs(RequestState::kUnknown, now)));
  return static_cast<int64_t>(rows.size());
}

Status AddRequests(SqlSession& session, int64_t run, std::span<const RequestRecord> requests) {
  for (const RequestRecord& request : requests) {
    RETURN_IF_ERROR(session.Do(
        "INSERT INTO requests (run, pipeline, provider, model, kind, state, requests, texts, "
        "tokens,"
        " tokens_estimated, cost, started_at, ended_at, token_source, guessed_tokens)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        SqlArgs(run, request.pipeline, request.provider, request.model, request.kind, request.state,
                request.requests, request.texts, request.tokens, request.tokens_estimated,
                request.cost, request.started_at, request.ended_at, request.token_source,
                request.guessed_tokens)));
  }
  return OkStatus();
}

StatusOr<std::vector<CostRow>> SumCosts(SqlSession& session, const CostFilter& filter) {
  SqlArgs args(RequestState::kFailed, filter.since.value_or(WallTime::min()),
               filter.until.value_or(WallTime::max()));
  std::string where = "q.started_at >= $2 AND q.started_at < $3";
  if (!filter.pipeline.empty())
    where += fmt::format(" AND q.pipeline = ${}", args.Add(filter.pipeline));
  if (!filter.provider.empty())
    where += fmt::format(" AND q.provider = ${}", args.Add(filter.provider));
  const std::string key = KeyExpression(filter.by);
  if (!filter.after_key.empty()) {
    ASSIGN_OR_RETURN(const SqlValue after, AfterKey(filter));
    const size_t number = std::holds_alternative<int64_t>(after)
                              ? args.Add(std::get<int64_t>(after))
                              : args.Add(std::get<std::string>(after));
    where += fmt::format(" AND {} > ${}", key, number);
  }
  const size_t limit = args.Add(filter.limit);
  // PostgreSQL sums bigints as numeric, hence the casts. What is open or unknown stands at its
  // estimate, whatever its tokens were counted with.
  const std::string sql = fmt::format(
      "SELECT {0} AS k, count(DISTINCT nullif(q.run, 0)), CAST(sum(q.requests) AS BIGINT),"
      " CAST(sum(CASE WHEN q.state = $1 THEN 0 ELSE q.texts END) AS BIGINT),"
      " CAST(sum(CASE WHEN q.state = $1 THEN 0 ELSE q.tokens END) AS BIGINT),"
      " max(CASE WHEN q.state = $1 THEN 0 WHEN q.state = 1 THEN q.tokens_estimated ELSE 1 END),"
      " CAST(sum(CASE WHEN q.state = $1 THEN 0 ELSE q.cost END) AS BIGINT),"
      " CAST(sum(CASE WHEN q.state = 1 AND q.token_source = 2 THEN q.tokens ELSE 0 END) AS BIGINT),"
      " CAST(sum(CASE WHEN q.state = 1 AND q.token_source = 1 THEN q.tokens ELSE 0 END) AS BIGINT),"
      " CAST(sum(CASE WHEN q.state = 1 AND q.token_source = 0 THEN q.tokens"
      " WHEN q.state IN (0, 3) THEN q.tokens ELSE 0 END) AS BIGINT)"
      " FROM requests q LEFT JOIN runs r ON r.seq = q.run WHERE {1}"
      " GROUP BY {0} ORDER BY {0} LIMIT ${2}",
      key, where, limit);
  ASSIGN_OR_RETURN(const auto rows, session.Run(sql, args));
  std::vector<CostRow> out;
  out.reserve(rows.size());
  for (const SqlRow& row : rows) out.push_back(ReadCost(row, filter.by));
  return out;
}

StatusOr<std::vector<BilledGuess>> LatestBills(SqlSession& session, const std::string& model,
                                               int32_t limit) {
  ASSIGN_OR_RETURN(const auto rows,
                   session.Run("SELECT guessed_tokens, tokens FROM requests"
                               " WHERE model = $1 AND guessed_tokens > 0 ORDER BY id DESC LIMIT $2",
                               SqlArgs(model, limit)));
  std::vector<BilledGuess> out;
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    out.push_back({row->Int(0), row->Int(1)});
  }
  return out;
}

}  // namespace drift::ledger
