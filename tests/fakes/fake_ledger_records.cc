// Runs, money, lineage and dead letters of the fake.
#include <algorithm>
#include <limits>
#include <set>

#include "base/time_text.h"
#include "tests/fakes/fake_ledger.h"

namespace drift::testing {
namespace {

Status NoSuchRun(const std::string& id) {
  return NotFound("run {} is not in the ledger", id);
}

template <typename T>
bool Contains(const std::vector<T>& list, const T& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

bool Matches(const DeadLetterFilter& filter, const DeadLetter& letter) {
  return (filter.pipeline.empty() || filter.pipeline == letter.pipeline) &&
         (filter.reason.empty() || filter.reason == letter.reason) &&
         Contains(filter.keys, letter.key) && Contains(filter.ids, letter.id);
}

std::string CostKey(CostGroup by, const RequestRecord& request) {
  constexpr int64_t kMicrosPerDay = 86'400'000'000;
  switch (by) {
    case CostGroup::kModel:
      return request.model;
    case CostGroup::kPipeline:
      return request.pipeline;
    case CostGroup::kProvider:
      return request.provider;
    case CostGroup::kRun:
      return request.run_id;
    case CostGroup::kDay:
      return FormatDate(
          static_cast<int32_t>(request.started_at.time_since_epoch().count() / kMicrosPerDay));
  }
  return {};
}

bool Counts(const CostFilter& filter, const RequestRecord& request) {
  return (!filter.since || request.started_at >= *filter.since) &&
         (!filter.until || request.started_at < *filter.until) &&
         (filter.pipeline.empty() || filter.pipeline == request.pipeline) &&
         (filter.provider.empty() || filter.provider == request.provider);
}

}  // namespace

// ------------------------------------------------------------------------------------------

StatusOr<RunRecord> FakeLedger::CreateRun(const RunRecord& run) {
  RETURN_IF_ERROR(Called("CreateRun"));
  MutexLock lock(mu_);
  for (const RunRecord& known : state_.runs) {
    const bool same_request = !run.request_id.empty() && known.request_id == run.request_id;
    if (same_request || known.id == run.id) return known;
  }
  state_.runs.push_back(run);
  return run;
}

Status FakeLedger::UpdateRun(const RunRecord& run) {
  RETURN_IF_ERROR(Called("UpdateRun"));
  MutexLock lock(mu_);
  RunRecord* known = FindRun(state_, run.id);
  if (known == nullptr) return NoSuchRun(run.id);
  known->state = run.state;
  known->attempts = run.attempts;
  known->from_version = run.from_version;
  known->to_version = run.to_version;
  known->counters = run.counters;
  known->started_at = run.started_at;
  known->ended_at = run.ended_at;
  known->error = run.error;
  known->error_reason = run.error_reason;
  return OkStatus();
}

StatusOr<RunRecord> FakeLedger::GetRun(const std::string& id) {
  RETURN_IF_ERROR(Called("GetRun"));
  MutexLock lock(mu_);
  const RunRecord* run = FindRun(state_, id);
  if (run == nullptr) return NoSuchRun(id);
  return *run;
}

StatusOr<std::vector<RunRecord>> FakeLedger::ListRuns(const RunFilter& filter) {
  RETURN_IF_ERROR(Called("ListRuns"));
  MutexLock lock(mu_);
  if (!filter.before_id.empty() && FindRun(state_, filter.before_id) == nullptr) {
    return NoSuchRun(filter.before_id);
  }
  std::vector<RunRecord> out;
  bool begun = filter.before_id.empty();
  for (auto run = state_.runs.rbegin(); run != state_.runs.rend(); ++run) {
    if (out.size() == static_cast<size_t>(filter.limit)) break;
    const bool matches = (filter.pipeline.empty() || run->pipeline == filter.pipeline) &&
                         Contains(filter.states, run->state);
    if (begun && matches) out.push_back(*run);
    begun = begun || run->id == filter.before_id;
  }
  return out;
}

// -- money ----------------------------------------------------------------------------------------

StatusOr<int64_t> FakeLedger::OpenRequest(const RequestRecord& intent) {
  RETURN_IF_ERROR(Called("OpenRequest"));
  MutexLock lock(mu_);
  if (!intent.run_id.empty() && FindRun(state_, intent.run_id) == nullptr) {
    return NoSuchRun(intent.run_id);
  }
  const int64_t id = state_.next_id++;
  RequestRecord& request = state_.requests[id] = intent;
  request.id = id;
  request.state = RequestState::kOpen;
  request.ended_at.reset();
  return id;
}

Status FakeLedger::CloseRequest(const RequestOutcome& outcome) {
  RETURN_IF_ERROR(Called("CloseRequest"));
  MutexLock lock(mu_);
  const auto found = state_.requests.find(outcome.id);
  if (found == state_.requests.end()) {
    return NotFound("request {} is not in the ledger", outcome.id);
  }
  RequestRecord& request = found->second;
  request.state = outcome.state;
  request.ended_at = outcome.ended_at;
  if (outcome.state == RequestState::kUnknown) return OkStatus();
  request.tokens = outcome.tokens;
  request.tokens_estimated = outcome.tokens_estimated;
  request.cost = outcome.cost;
  request.token_source = outcome.token_source;
  request.guessed_tokens = outcome.guessed_tokens;
  return OkStatus();
}

StatusOr<int64_t> FakeLedger::SettleOpenRequests(WallTime now) {
  RETURN_IF_ERROR(Called("SettleOpenRequests"));
  MutexLock lock(mu_);
  int64_t settled = 0;
  for (auto& [id, request] : state_.requests) {
    if (request.state != RequestState::kOpen) continue;
    request.state = RequestState::kUnknown;
    request.ended_at = now;
    ++settled;
  }
  return settled;
}

StatusOr<std::vector<CostRow>> FakeLedger::SumCosts(const CostFilter& filter) {
  RETURN_IF_ERROR(Called("SumCosts"));
  MutexLock lock(mu_);
  std::map<std::string, CostRow> groups;
  std::map<std::string, std::set<std::string>> runs;
  for (const auto& [id, request] : state_.requests) {
    const std::string key = CostKey(filter.by, request);
    if (!Counts(filter, request)) continue;
    if (!filter.after_key.empty() && key <= filter.after_key) continue;
    CostRow& row = groups[key];
    row.key = key;
    if (!request.run_id.empty()) runs[key].insert(request.run_id);
    row.requests += request.requests;
    if (request.state == RequestState::kFailed) continue;
    row.texts += request.texts;
    row.tokens += request.tokens;
    row.tokens_estimated |= request.tokens_estimated || request.state != RequestState::kDone;
    row.cost += request.cost;
    if (request.state != RequestState::kDone || request.token_source == TokenSource::kEstimate) {
      row.tokens_by_estimate += request.tokens;
    } else if (request.token_source == TokenSource::kTokenizer) {
      row.tokens_by_tokenizer += request.tokens;
    } else {
      row.tokens_by_provider += request.tokens;
    }
  }
  std::vector<CostRow> out;
  for (auto& [key, row] : groups) {
    row.runs = static_cast<int64_t>(runs[key].size());
    if (out.size() < static_cast<size_t>(filter.limit)) out.push_back(row);
  }
  return out;
}

StatusOr<std::vector<BilledGuess>> FakeLedger::LatestBills(const std::string& model,
                                                           int32_t limit) {
  RETURN_IF_ERROR(Called("LatestBills"));
  MutexLock lock(mu_);
  std::vector<BilledGuess> out;
  for (auto request = state_.requests.rbegin(); request != state_.requests.rend(); ++request) {
    const RequestRecord& record = request->second;
    if (out.size() == static_cast<size_t>(limit)) break;
    if (record.model != model || record.guessed_tokens <= 0) continue;
    out.push_back({record.guessed_tokens, record.tokens});
  }
  std::reverse(out.begin(), out.end());
  return out;
}

// -- lineage, dead letters ------------------------------------------------------------------------

std::vector<ledger::StoredRecords> FakeLedger::Records(const TargetState& target, bool deleted,
                                                       int64_t from, int64_t limit) {
  std::vector<ledger::StoredRecords> out;
  if (!deleted) {
    std::map<int64_t, const Row*> by_number;
    for (const auto& [key, row] : target.rows) by_number[row.number] = &row;
    for (auto row = by_number.lower_bound(from); row != by_number.end(); ++row) {
      if (out.size() == static_cast<size_t>(limit)) break;
      ledger::StoredRecords& records = out.emplace_back();
      records.row = row->first;
      ledger::AppendRecords(target.target, row->second->state, row->second->written, nullptr,
                            std::nullopt, records.records);
    }
    return out;
  }
  for (auto row = target.deletions.rbegin(); row != target.deletions.rend(); ++row) {
    if (from != 0 && row->first > from) continue;
    if (out.size() == static_cast<size_t>(limit)) break;
    ledger::StoredRecords& records = out.emplace_back();
    records.row = row->first;
    ledger::AppendRecords(target.target, row->second.last, row->second.written, &row->second.how,
                          std::nullopt, records.records);
  }
  return out;
}

StatusOr<ProvenancePage> FakeLedger::FindProvenance(const ProvenanceFilter& filter) {
  RETURN_IF_ERROR(Called("FindProvenance"));
  MutexLock lock(mu_);
  std::vector<Target> targets;
  std::vector<ProvenanceRecord> found;
  constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
  for (const auto& [id, target] : state_.targets) {
    if (!filter.pipeline.empty() && target.target.key.pipeline != filter.pipeline) continue;
    targets.push_back(target.target);
    for (const bool deleted : {false, true}) {
      for (ledger::StoredRecords& row : Records(target, deleted, 0, kAll)) {
        for (ProvenanceRecord& record : row.records) {
          if (!Contains(filter.keys, record.key)) continue;
          if (filter.point_id && record.point_id != *filter.point_id) continue;
          found.push_back(std::move(record));
        }
      }
    }
  }
  if (filter.point_id || !filter.keys.empty()) return ledger::CutPage(std::move(found), filter);
  const auto load =
      [this](const Target& target, bool deleted, int64_t from, int64_t limit)
          DRIFT_TSA(no_thread_safety_analysis) -> StatusOr<std::vector<ledger::StoredRecords>> {
    return Records(state_.targets.at(target.id), deleted, from, limit);
  };
  return ledger::ListPage(targets, filter, load);
}

StatusOr<std::vector<DeadLetter>> FakeLedger::ListDeadLetters(const DeadLetterFilter& filter) {
  RETURN_IF_ERROR(Called("ListDeadLetters"));
  MutexLock lock(mu_);
  std::vector<DeadLetter> out;
  for (const auto& [id, open] : state_.letters) {
    if (id <= filter.after_id || out.size() == static_cast<size_t>(filter.limit)) continue;
    if (Matches(filter, open.letter)) out.push_back(open.letter);
  }
  return out;
}

StatusOr<int64_t> FakeLedger::DiscardDeadLetters(const DeadLetterFilter& filter) {
  RETURN_IF_ERROR(Called("DiscardDeadLetters"));
  MutexLock lock(mu_);
  std::vector<Letter> closed;
  std::erase_if(state_.letters, [&](const auto& item) {
    const bool match = Matches(filter, item.second.letter);
    if (match) closed.push_back(item.second);
    return match;
  });
  for (const Letter& letter : closed) {
    TargetState& target = state_.targets.at(letter.target_id);
    --target.target.dead_letters;
    const bool more = std::any_of(state_.letters.begin(), state_.letters.end(), [&](const auto& o) {
      return o.second.target_id == letter.target_id && o.second.letter.key == letter.letter.key;
    });
    const auto row = target.rows.find(letter.letter.key);
    if (!more && row != target.rows.end()) row->second.state.dead = false;
  }
  return static_cast<int64_t>(closed.size());
}

}  // namespace drift::testing
