#include "control/convert.h"

namespace drift {
namespace {

constexpr std::string_view kChunkingTypes[] = {"none", "sentence", "tokens"};

template <typename Repeated>
std::vector<std::string> ToList(const Repeated& list) {
  return {list.begin(), list.end()};
}

template <typename Repeated>
void SetList(const std::vector<std::string>& list, Repeated* out) {
  out->Assign(list.begin(), list.end());
}

ChunkingSpec ReadChunking(const v1::PipelineSpec::Chunking& chunking) {
  ChunkingSpec out;
  for (size_t i = 0; i < std::size(kChunkingTypes); ++i) {
    if (chunking.type() == kChunkingTypes[i]) out.type = static_cast<ChunkingSpec::Type>(i);
  }
  out.size = chunking.size();
  out.overlap = chunking.overlap();
  return out;
}

}  // namespace

v1::PipelineSpec ToProto(const PipelineSpec& spec) {
  v1::PipelineSpec out;
  out.set_name(spec.name);
  out.mutable_source()->set_type(spec.source_type);
  out.mutable_source()->set_table(spec.table);
  for (const auto& [key, value] : spec.storage)
    (*out.mutable_source()->mutable_storage())[key] = value;
  SetList(spec.key, out.mutable_key());
  out.set_text(spec.text);
  SetList(spec.text_columns, out.mutable_text_columns());
  if (!spec.where_not_null.empty()) {
    SetList(spec.where_not_null, out.mutable_where()->mutable_not_null());
  }
  SetList(spec.payload, out.mutable_payload());
  out.set_store_text(spec.store_text);
  out.mutable_chunking()->set_type(
      std::string(kChunkingTypes[static_cast<size_t>(spec.chunking.type)]));
  out.mutable_chunking()->set_size(spec.chunking.size);
  out.mutable_chunking()->set_overlap(spec.chunking.overlap);
  out.set_model(spec.model);
  out.set_dimensions(spec.dimensions);
  out.set_sink(spec.sink);
  out.set_dedup(spec.dedup);
  if (spec.since_version) out.set_since_version(*spec.since_version);
  if (spec.every_secs) out.mutable_schedule()->set_every_secs(*spec.every_secs);
  out.mutable_limits()->set_max_in_flight_bytes(spec.limits.max_in_flight_bytes);
  out.mutable_limits()->set_batch_size(spec.limits.batch_size);
  out.mutable_limits()->set_max_dead_letters(spec.limits.max_dead_letters);
  out.set_shadow(spec.shadow);
  return out;
}

PipelineSpec FromProto(const v1::PipelineSpec& spec) {
  PipelineSpec out;
  out.name = spec.name();
  if (!spec.source().type().empty()) out.source_type = spec.source().type();
  out.table = spec.source().table();
  for (const auto& [key, value] : spec.source().storage()) out.storage[key] = value;
  out.key = ToList(spec.key());
  out.text = spec.text();
  out.text_columns = ToList(spec.text_columns());
  out.where_not_null = ToList(spec.where().not_null());
  out.payload = ToList(spec.payload());
  out.store_text = spec.store_text();
  out.chunking = ReadChunking(spec.chunking());
  out.model = spec.model();
  out.dimensions = spec.dimensions();
  out.sink = spec.sink();
  if (spec.has_dedup()) out.dedup = spec.dedup();
  if (spec.has_since_version()) out.since_version = spec.since_version();
  if (spec.has_schedule()) out.every_secs = spec.schedule().every_secs();
  const auto& limits = spec.limits();
  if (limits.max_in_flight_bytes() != 0)
    out.limits.max_in_flight_bytes = limits.max_in_flight_bytes();
  if (limits.batch_size() != 0) out.limits.batch_size = limits.batch_size();
  if (limits.has_max_dead_letters()) out.limits.max_dead_letters = limits.max_dead_letters();
  return out;
}

v1::Pipeline ToProto(const PipelineRecord& record) {
  v1::Pipeline out;
  *out.mutable_spec() = ToProto(record.spec);
  out.set_origin(static_cast<v1::Pipeline::Origin>(static_cast<int>(record.origin) + 1));
  if (!record.pause.reason.empty()) {
    out.mutable_pause()->set_reason(record.pause.reason);
    out.mutable_pause()->set_message(record.pause.message);
    out.mutable_pause()->set_remedy(record.pause.remedy);
    SetTime(record.pause.since, out.mutable_pause()->mutable_since());
  }
  SetTime(record.created_at, out.mutable_create_time());
  return out;
}

RunSelector FromProto(const v1::RunSelector& selector) {
  RunSelector out;
  out.pipeline = selector.pipeline();
  if (!selector.has_flags()) return out;
  const v1::RunFlags& in = selector.flags();
  RunFlags& flags = out.flags.emplace();
  if (in.has_table()) flags.table = in.table();
  if (in.has_text()) flags.text = in.text();
  if (in.has_text_columns()) flags.text_columns = ToList(in.text_columns().columns());
  if (in.has_key()) flags.key = ToList(in.key().columns());
  if (in.has_model()) flags.model = in.model();
  if (in.has_sink()) flags.sink = in.sink();
  if (in.has_payload()) flags.payload = ToList(in.payload().columns());
  if (in.has_batch_size()) flags.batch_size = in.batch_size();
  if (in.has_dedup()) flags.dedup = in.dedup();
  if (in.has_shadow_mode()) flags.shadow_mode = in.shadow_mode();
  if (in.has_since_version()) flags.since_version = in.since_version();
  return out;
}

v1::Plan ToProto(const PlanResult& plan) {
  const PlanFigures& figures = plan.figures;
  v1::Plan out;
  out.set_rows(figures.rows);
  out.set_rows_to_embed(figures.rows_to_embed);
  out.set_rows_to_reuse(figures.rows_to_reuse);
  out.set_rows_unchanged(figures.rows_unchanged);
  out.set_rows_without_text(figures.rows_without_text);
  out.set_rows_dead(figures.rows_dead);
  out.set_rows_to_delete(figures.rows_to_delete);
  out.set_tokens(figures.tokens);
  out.set_tokens_estimated(figures.tokens_estimated);
  out.set_cost_usd(ToUsd(figures.cost));
  out.set_from_version(figures.from_version);
  out.set_to_version(figures.to_version);
  out.set_pipeline(plan.spec.name);
  out.set_source(plan.spec.table);
  out.set_sink(plan.spec.sink);
  out.set_model(plan.spec.model);
  out.set_dimensions(plan.dimensions);
  out.set_collection_exists(figures.collection_exists);
  out.set_texts_to_embed(figures.texts_to_embed);
  out.set_seconds(figures.seconds);
  out.set_price_known(true);  // a paid model without a price is refused
  for (const std::string& note : figures.notes) out.add_notes(note);
  return out;
}

v1::Status ToProto(const PipelineStatus& status, int32_t runs) {
  const PipelineSpec& spec = status.record.spec;
  v1::Status out;
  out.set_pipeline(spec.name);
  out.set_state(static_cast<v1::Status::State>(static_cast<int>(status.state) + 1));
  out.set_reason(status.reason);
  out.set_message(status.message);
  out.set_remedy(status.remedy);
  out.set_version(status.version);
  out.set_lag_versions(status.lag_versions);
  out.set_lag_seconds(status.lag_seconds);
  out.set_rows(status.rows);
  out.set_points(status.points);
  out.set_dead_letters(status.dead_letters);
  out.set_cost_usd_today(ToUsd(status.cost_today));
  out.set_source(spec.table);
  out.set_sink(spec.sink);
  out.set_model(spec.model);
  if (spec.every_secs) out.set_every_secs(*spec.every_secs);
  if (status.since) SetTime(*status.since, out.mutable_since());
  if (status.polled_at) SetTime(*status.polled_at, out.mutable_poll_time());
  if (!status.runs.empty()) {
    const RunRecord& last = status.runs.front();
    out.set_last_run_id(last.id);
    out.set_last_run_state(ToProto(last).state());
    const WallTime when = last.ended_at.value_or(last.started_at.value_or(last.queued_at));
    SetTime(when, out.mutable_last_run_time());
  }
  for (int32_t i = 0; i < runs && i < static_cast<int32_t>(status.runs.size()); ++i) {
    *out.add_recent_runs() = ToProto(status.runs[static_cast<size_t>(i)]);
  }
  return out;
}

}  // namespace drift
