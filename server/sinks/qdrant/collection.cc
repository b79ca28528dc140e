#include "sinks/qdrant/collection.h"

#include <vector>

#include "core/reasons.h"
#include "sinks/qdrant/filter.h"
#include "sinks/qdrant/stamp.h"

namespace drift::qdrant {
namespace {

// What the server itself starts with.
constexpr uint64_t kDefaultIndexingThreshold = 10'000;
// Changing what is indexed waits for optimizations under way.
constexpr std::chrono::minutes kSlow{10};

struct PayloadIndex {
  const char* field;
  bool keyword;  // else integer
};
constexpr PayloadIndex kPayloadIndexes[] = {
    {kSourceField, true}, {kKeyField, true}, {kRevisionField, false}, {kVersionField, false}};

Status Differs(const std::string& message) {
  return WithRemedy(
      WithReason(MakeStatus(StatusCode::kFailedPrecondition, message), reason::kCollectionDiffers),
      "name another collection in the sink");
}

// What CheckCompatible cannot see: that the vectors are unnamed and compared by cosine.
Status CheckVectors(const std::string& name, const pb::CollectionInfo& found) {
  const pb::VectorsConfig& config = found.config().params().vectors_config();
  if (!config.has_params()) {
    return Differs(fmt::format("{} has named vectors; Drift writes one without a name", name));
  }
  if (config.params().distance() != pb::Cosine) {
    return Differs(fmt::format("{} compares vectors by {}; Drift needs Cosine", name,
                               pb::Distance_Name(config.params().distance())));
  }
  return OkStatus();
}

CollectionInfo ToInfo(const pb::CollectionInfo& found) {
  CollectionInfo info;
  info.exists = true;
  info.dimensions = static_cast<int32_t>(found.config().params().vectors_config().params().size());
  info.stamp = DecodeStamp(found.config().metadata());
  info.points = static_cast<int64_t>(found.points_count());
  return info;
}

void SetIndexing(uint64_t threshold, pb::OptimizersConfigDiff& out) {
  out.set_indexing_threshold(threshold);
}

}  // namespace

std::string Collection::Name() const {
  return fmt::format("collection {} of {}", client_.config().collection, client_.config().Server());
}

StatusOr<pb::CollectionInfo> Collection::Get(std::stop_token stop) {
  pb::GetCollectionInfoRequest request;
  request.set_collection_name(client_.config().collection);
  pb::GetCollectionInfoResponse response;
  RETURN_IF_ERROR(client_.Call(&pb::Collections::Stub::Get, request, response, stop));
  return std::move(*response.mutable_result());
}

StatusOr<CollectionInfo> Collection::Describe(std::stop_token stop) {
  const auto found = Get(stop);
  if (found.ok()) return ToInfo(*found);
  if (found.status().code() == StatusCode::kNotFound) return CollectionInfo();
  return found.status();
}

StatusOr<bool> Collection::Prepare(const CollectionSpec& spec, std::stop_token stop) {
  bool created = false;
  auto found = Get(stop);
  if (found.status().code() == StatusCode::kNotFound) {
    const Status status = Create(spec, stop);
    created = status.ok();
    // Another pipeline may have been quicker; then this is an existing collection like any other.
    if (!status.ok() && status.code() != StatusCode::kAlreadyExists) return status;
    found = Get(stop);
  }
  if (!found.ok()) return found.status();
  const CollectionInfo info = ToInfo(*found);
  if (created && !info.stamp) {
    // The server dropped what it does not know, and would drop the guard of each write as well.
    RETURN_IF_ERROR(Delete(stop));
    return FailedPrecondition("{} is too old: version 1.16 or newer is needed",
                              client_.config().Server());
  }
  RETURN_IF_ERROR(CheckCompatible(Name(), info, spec.stamp));
  RETURN_IF_ERROR(CheckVectors(Name(), *found));
  RETURN_IF_ERROR(Enter(spec, *found, stop));
  RETURN_IF_ERROR(EnsurePayloadIndexes(*found, stop));
  return created;
}

Status Collection::Create(const CollectionSpec& spec, std::stop_token stop) {
  pb::CreateCollection request;
  request.set_collection_name(client_.config().collection);
  pb::VectorParams& vectors = *request.mutable_vectors_config()->mutable_params();
  vectors.set_size(spec.stamp.dimensions);
  vectors.set_distance(pb::Cosine);
  if (!client_.config().vector_index) request.mutable_hnsw_config()->set_m(0);
  EncodeStamp(spec.stamp, *request.mutable_metadata());
  pb::CollectionOperationResponse response;
  return client_.Call(&pb::Collections::Stub::Create, request, response, stop);
}

Status Collection::Update(const pb::UpdateCollection& request, std::stop_token stop) {
  pb::CollectionOperationResponse response;
  return client_.CallWithin(kSlow, &pb::Collections::Stub::Update, request, response, stop);
}

Status Collection::Enter(const CollectionSpec& spec, const pb::CollectionInfo& found,
                         std::stop_token stop) {
  const Metadata& metadata = found.config().metadata();
  const auto stamp = DecodeStamp(metadata);
  const auto entry = stamp->sources.find(spec.source);
  const bool entered = entry != stamp->sources.end() && entry->second == spec.owner;
  // A load that died half-way left its note: the threshold of before is the noted one.
  const bool turn_off = spec.bulk_load && !metadata.contains(kThresholdMember);
  if (entered && !turn_off) return OkStatus();

  pb::UpdateCollection request;
  request.set_collection_name(client_.config().collection);
  EncodeOwner(spec.source, spec.owner, *request.mutable_metadata());
  if (turn_off) {
    const pb::OptimizersConfigDiff& config = found.config().optimizer_config();
    const uint64_t before =
        config.has_indexing_threshold() ? config.indexing_threshold() : kDefaultIndexingThreshold;
    (*request.mutable_metadata())[kThresholdMember].set_integer_value(static_cast<int64_t>(before));
    SetIndexing(0, *request.mutable_optimizers_config());
  }
  return Update(request, stop);
}

Status Collection::EnsurePayloadIndexes(const pb::CollectionInfo& found, std::stop_token stop) {
  std::vector<const PayloadIndex*> missing;
  for (const PayloadIndex& index : kPayloadIndexes) {
    if (!found.payload_schema().contains(index.field)) missing.push_back(&index);
  }
  for (const PayloadIndex* index : missing) {
    pb::CreateFieldIndexCollection request;
    request.set_collection_name(client_.config().collection);
    request.set_wait(index == missing.back());  // made in order: the last waits for all
    request.set_field_name(index->field);
    request.set_field_type(index->keyword ? pb::FieldTypeKeyword : pb::FieldTypeInteger);
    pb::PointsOperationResponse response;
    RETURN_IF_ERROR(
        client_.CallWithin(kSlow, &pb::Points::Stub::CreateFieldIndex, request, response, stop));
  }
  return OkStatus();
}

Status Collection::BuildIndex(std::stop_token stop) {
  ASSIGN_OR_RETURN(const pb::CollectionInfo found, Get(stop));
  const Metadata& metadata = found.config().metadata();
  const auto noted = metadata.find(kThresholdMember);
  if (noted == metadata.end()) return OkStatus();
  pb::UpdateCollection request;
  request.set_collection_name(client_.config().collection);
  SetIndexing(static_cast<uint64_t>(noted->second.integer_value()),
              *request.mutable_optimizers_config());
  (*request.mutable_metadata())[kThresholdMember].set_null_value(pb::NULL_VALUE);
  return Update(request, stop);
}

Status Collection::Forget(const std::string& source, std::stop_token stop) {
  pb::UpdateCollection request;
  request.set_collection_name(client_.config().collection);
  (*request.mutable_metadata())[SourceMember(source)].set_null_value(pb::NULL_VALUE);
  return Update(request, stop);
}

Status Collection::Delete(std::stop_token stop) {
  pb::DeleteCollection request;
  request.set_collection_name(client_.config().collection);
  pb::CollectionOperationResponse response;
  return client_.Call(&pb::Collections::Stub::Delete, request, response, stop);
}

}  // namespace drift::qdrant
