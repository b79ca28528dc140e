// The stamp as Qdrant's collection metadata. Pure.
#pragma once

#include <optional>
#include <string>

#include "core/sink.h"
#include "qdrant_collections.pb.h"

namespace drift::qdrant {

namespace pb = ::qdrant;

using Metadata = google::protobuf::Map<std::string, pb::Value>;

inline constexpr char kStampMember[] = "drift";
inline constexpr char kThresholdMember[] = "drift.indexing_threshold";

std::string SourceMember(const std::string& source);

void EncodeStamp(const CollectionStamp& stamp, Metadata& metadata);
void EncodeOwner(const std::string& source, const CollectionStamp::Owner& owner,
                 Metadata& metadata);

// nullopt: no stamp, or none that can be read.
std::optional<CollectionStamp> DecodeStamp(const Metadata& metadata);

}  // namespace drift::qdrant
