// Between the vocabulary of core/ and the messages of drift.v1. No decisions here.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include "core/ledger_types.h"
#include "core/sink.h"
#include "drift/v1/cost.pb.h"
#include "drift/v1/dead_letter.pb.h"
#include "drift/v1/pipeline.pb.h"
#include "drift/v1/provenance.pb.h"
#include "drift/v1/run.pb.h"
#include "drift/v1/search.pb.h"
#include "pipeline/supervisor.h"

namespace drift {

double ToUsd(NanoUsd nano);
void SetTime(WallTime time, google::protobuf::Timestamp* out);
WallTime FromProto(const google::protobuf::Timestamp& time);

v1::Run ToProto(const RunRecord& run);
v1::RunProgress ToProto(const RunView& view);
// kInvalidArgument: unspecified.
StatusOr<RunMode> FromProto(v1::Run::Mode mode);
RunState FromProto(v1::Run::State state);

v1::PipelineSpec ToProto(const PipelineSpec& spec);
PipelineSpec FromProto(const v1::PipelineSpec& spec);
v1::Pipeline ToProto(const PipelineRecord& record);
RunSelector FromProto(const v1::RunSelector& selector);
v1::Plan ToProto(const PlanResult& plan);
v1::Status ToProto(const PipelineStatus& status, int32_t runs);

v1::Provenance ToProto(const ProvenanceRecord& record);
v1::DeadLetter ToProto(const DeadLetter& letter);
StatusOr<DeadLetterFilter> FromProto(const v1::DeadLetterFilter& filter);
v1::CostRow ToProto(const CostRow& row);
v1::SearchHit ToProto(const Hit& hit);

// Hex of a text's hash; empty where there is none (all zero).
std::string HashText(const Sha256Digest& digest);

}  // namespace drift
