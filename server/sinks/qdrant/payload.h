// Points as Qdrant stores them, both ways. Pure.
#pragma once

#include <string>

#include "core/types.h"
#include "qdrant_points.pb.h"

namespace drift::qdrant {

namespace pb = ::qdrant;

using PayloadMap = google::protobuf::Map<std::string, pb::Value>;

// kInvalidArgument if a payload column has the name of a field that Drift writes itself: all points
// of the pipeline have it, so its configuration is wrong.
Status CheckColumns(const Point& point);

// kInvalidArgument: the payload cannot be stored (a nested value that is not JSON or nested too
// deep); `out` is then of no use.
Status EncodePoint(const std::string& source, const Point& point, pb::PointStruct& out);

Status EncodeValue(const Value& value, pb::Value& out);

// What is absent or of another type stays as it is in an empty Point: users can write to their
// index, and a point they changed is put right by the next write. Nested values come back as JSON;
// what has no type of its own there (decimals, dates, times, binary) as the text it was stored as.
// Columns in the order of their names.
Point DecodePoint(const pb::PointId& id, const PayloadMap& payload);
Value DecodeValue(const pb::Value& value);

Vector DecodeVector(const pb::VectorsOutput& vectors);

}  // namespace drift::qdrant
