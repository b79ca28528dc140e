#include "pipeline/run_context.h"

namespace drift {

RunCounters RunContext::CountersNow() const {
  RunCounters now = counters;
  const RunSpend& spend = client->spend;
  now.provider_requests += spend.requests;
  now.tokens += spend.tokens;
  now.tokens_estimated |= spend.tokens_estimated;
  now.cost += spend.cost;
  return now;
}

std::vector<RequestRecord> RunContext::TakeFreeRequests() {
  if (model->notes_requests()) return {};
  const RunSpend& spend = client->spend;
  RequestRecord record;
  record.requests = spend.requests - noted_requests_;
  if (record.requests == 0) return {};
  record.texts = spend.texts - noted_texts_;
  record.tokens = spend.tokens - noted_tokens_;
  record.token_source = spend.token_source;
  // Estimates among the tokens would teach what they were made from.
  const int64_t guessed = spend.guessed_tokens - noted_guesses_;
  if (record.token_source == TokenSource::kProvider) record.guessed_tokens = guessed;
  noted_guesses_ += guessed;
  noted_requests_ += record.requests;
  noted_texts_ += record.texts;
  noted_tokens_ += record.tokens;
  record.run_id = run_id;
  record.pipeline = spec.name;
  record.provider = model->model().provider;
  record.model = model->model().id();
  record.state = RequestState::kDone;
  record.tokens_estimated = spend.tokens_estimated;
  record.started_at = services.clock.Now();
  record.ended_at = record.started_at;
  return {std::move(record)};
}

}  // namespace drift
