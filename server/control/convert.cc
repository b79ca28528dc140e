#include "control/convert.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "base/encoding.h"
#include "core/key.h"

namespace drift {
namespace {

constexpr double kNanosPerUsd = 1e9;
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int32_t kNanosPerMicro = 1000;

// Payload values as JSON, so that all sinks and the API render them alike.
google::protobuf::Value ToProto(const Value& value) {
  google::protobuf::Value out;
  constexpr int64_t kExactInDouble = int64_t{1} << 53;
  if (const auto* number = std::get_if<int64_t>(&value);
      number != nullptr && (*number > kExactInDouble || *number < -kExactInDouble)) {
    out.set_string_value(std::to_string(*number));
    return out;
  }
  std::string json;
  AppendJson(json, value);
  if (!google::protobuf::util::JsonStringToMessage(json, &out).ok()) out.set_string_value(json);
  return out;
}

}  // namespace

double ToUsd(NanoUsd nano) {
  return static_cast<double>(nano) / kNanosPerUsd;
}

void SetTime(WallTime time, google::protobuf::Timestamp* out) {
  const int64_t micros = time.time_since_epoch().count();
  int64_t seconds = micros / kMicrosPerSecond;
  int64_t rest = micros % kMicrosPerSecond;
  if (rest < 0) {
    rest += kMicrosPerSecond;
    --seconds;
  }
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(rest) * kNanosPerMicro);
}

WallTime FromProto(const google::protobuf::Timestamp& time) {
  return WallTime(std::chrono::seconds(time.seconds()) +
                  std::chrono::microseconds(time.nanos() / kNanosPerMicro));
}

std::string HashText(const Sha256Digest& digest) {
  if (std::all_of(digest.begin(), digest.end(), [](uint8_t byte) { return byte == 0; })) return "";
  return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

v1::Run ToProto(const RunRecord& run) {
  v1::Run out;
  out.set_id(run.id);
  out.set_pipeline(run.pipeline);
  out.set_mode(static_cast<v1::Run::Mode>(static_cast<int>(run.mode) + 1));
  out.set_state(static_cast<v1::Run::State>(static_cast<int>(run.state) + 1));
  out.set_source(run.source);
  out.set_sink(run.sink);
  out.set_model(run.model);
  out.set_from_version(run.from_version);
  out.set_to_version(run.to_version);
  const RunCounters& c = run.counters;
  out.set_rows_read(c.rows_read);
  out.set_rows_inserted(c.rows_inserted);
  out.set_rows_updated(c.rows_updated);
  out.set_rows_deleted(c.rows_deleted);
  out.set_rows_unchanged(c.rows_unchanged);
  out.set_texts_embedded(c.texts_embedded);
  out.set_texts_reused(c.texts_reused);
  out.set_points_written(c.points_written);
  out.set_points_deleted(c.points_deleted);
  out.set_dead_letters(c.dead_letters);
  out.set_provider_requests(c.provider_requests);
  out.set_tokens(c.tokens);
  out.set_tokens_estimated(c.tokens_estimated);
  out.set_cost_usd(ToUsd(c.cost));
  if (run.started_at) SetTime(*run.started_at, out.mutable_start_time());
  if (run.ended_at) SetTime(*run.ended_at, out.mutable_end_time());
  out.set_error(run.error);
  out.set_error_reason(run.error_reason);
  SetTime(run.queued_at, out.mutable_queue_time());
  out.set_scheduled(run.scheduled);
  out.set_attempts(run.attempts);
  out.set_request_id(run.request_id);
  return out;
}

v1::RunProgress ToProto(const RunView& view) {
  v1::RunProgress out;
  *out.mutable_run() = ToProto(view.run);
  out.set_phase(view.phase);
  out.set_rows_done(view.rows_done);
  out.set_texts_answered(view.texts_answered);
  out.set_rows_expected(view.rows_expected);
  out.set_rows_per_second(view.rows_per_second);
  out.set_bytes_in_flight(view.bytes_in_flight);
  out.set_backing_off(view.backing_off);
  if (view.retry_at) SetTime(*view.retry_at, out.mutable_retry_time());
  return out;
}

StatusOr<RunMode> FromProto(v1::Run::Mode mode) {
  if (mode <= v1::Run::MODE_UNSPECIFIED || mode > v1::Run::ERASE) {
    return InvalidArgument("mode is missing");
  }
  return static_cast<RunMode>(static_cast<int>(mode) - 1);
}

RunState FromProto(v1::Run::State state) {
  return static_cast<RunState>(std::max(0, static_cast<int>(state) - 1));
}

v1::Provenance ToProto(const ProvenanceRecord& record) {
  v1::Provenance out;
  out.set_point_id(record.point_id.ToString());
  out.set_pipeline(record.pipeline);
  out.set_source(record.source);
  out.set_key(record.key);
  out.set_chunk(record.chunk);
  out.set_table_version(record.table_version);
  out.set_run_id(record.run_id);
  out.set_model(record.model);
  out.set_dimensions(record.dimensions);
  out.set_text_sha256(HashText(record.text.text_sha256));
  out.set_tokens(record.text.tokens);
  out.set_cost_usd(ToUsd(record.text.cost));
  SetTime(record.written_at, out.mutable_written_at());
  out.set_state(record.deleted ? v1::Provenance::DELETED : v1::Provenance::LIVE);
  if (record.deleted) {
    SetTime(record.deleted_at, out.mutable_deleted_at());
    out.set_deleted_run_id(record.deleted_run_id);
    out.set_deleted_version(record.deleted_version);
    out.set_points_removed(record.points_removed);
  }
  out.set_chunks(record.chunks);
  out.set_chars(record.text.chars);
  out.set_tokens_estimated(record.text.tokens_estimated);
  out.set_revision(record.revision);
  return out;
}

v1::DeadLetter ToProto(const DeadLetter& letter) {
  v1::DeadLetter out;
  out.set_id(letter.id);
  out.set_pipeline(letter.pipeline);
  out.set_key(letter.key);
  out.set_chunk(letter.chunk);
  out.set_reason(letter.reason);
  out.set_message(letter.message);
  out.set_text_sha256(HashText(letter.text_sha256));
  out.set_version(letter.version);
  out.set_attempts(letter.attempts);
  SetTime(letter.first_at, out.mutable_first_at());
  SetTime(letter.last_at, out.mutable_last_at());
  return out;
}

StatusOr<DeadLetterFilter> FromProto(const v1::DeadLetterFilter& filter) {
  DeadLetterFilter out;
  out.pipeline = filter.pipeline();
  out.reason = filter.reason();
  for (const std::string& key : filter.keys()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> candidates, KeyCandidates(key));
    out.keys.insert(out.keys.end(), candidates.begin(), candidates.end());
  }
  out.ids.assign(filter.ids().begin(), filter.ids().end());
  return out;
}

v1::CostRow ToProto(const CostRow& row) {
  v1::CostRow out;
  out.set_key(row.key);
  out.set_runs(row.runs);
  out.set_requests(row.requests);
  out.set_texts(row.texts);
  out.set_tokens(row.tokens);
  out.set_tokens_estimated(row.tokens_estimated);
  out.set_tokens_by_provider(row.tokens_by_provider);
  out.set_tokens_by_tokenizer(row.tokens_by_tokenizer);
  out.set_tokens_by_estimate(row.tokens_by_estimate);
  out.set_cost_usd(ToUsd(row.cost));
  return out;
}

v1::SearchHit ToProto(const Hit& hit) {
  v1::SearchHit out;
  out.set_score(hit.score);
  out.set_key(hit.point.key);
  out.set_chunk(hit.point.chunk);
  out.set_point_id(hit.point.id.ToString());
  auto& payload = *out.mutable_payload()->mutable_fields();
  for (const auto& [name, value] : hit.point.payload) payload[name] = ToProto(value);
  if (hit.point.text) out.set_text(*hit.point.text);
  out.set_source_version(hit.point.guard.version);
  out.set_run_id(hit.point.run_id);
  return out;
}

}  // namespace drift
