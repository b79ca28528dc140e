// Writing and deleting points in requests of bounded size.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "core/sink.h"
#include "qdrant_points.pb.h"
#include "sinks/qdrant/client.h"

namespace drift::qdrant {

// As Sink::Write. `dimensions` are the collection's.
StatusOr<std::vector<ItemError>> WritePoints(Client& client, const PointBatch& batch,
                                             int32_t dimensions, std::stop_token stop);

// As Sink::Delete.
Status DeletePoints(Client& client, std::span<const Sink::Deletion> deletions,
                    std::stop_token stop);

// Deletes what matches; waits until that is done.
Status DeleteWhere(Client& client, const pb::Filter& filter, std::chrono::seconds timeout,
                   std::stop_token stop);

}  // namespace drift::qdrant
