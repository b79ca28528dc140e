// Reading points. Each function is as the method of Sink with its name.
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/sink.h"
#include "sinks/qdrant/client.h"

namespace drift::qdrant {

StatusOr<SourcePoints> DescribeSource(Client& client, const std::string& source,
                                      std::stop_token stop);

StatusOr<std::vector<Point>> ReadPoints(Client& client, std::span<const Uuid> ids,
                                        bool with_vectors, std::stop_token stop);

StatusOr<std::vector<Hit>> SearchPoints(Client& client, const std::string& source,
                                        const Vector& query, size_t k, const SearchFilter& filter,
                                        std::stop_token stop);

StatusOr<std::vector<PointHead>> ListHeads(Client& client, const std::string& source,
                                           std::optional<Uuid> after, size_t limit,
                                           std::stop_token stop);

// Exactly how many points match.
StatusOr<int64_t> CountPoints(Client& client, const pb::Filter& filter, std::stop_token stop);

}  // namespace drift::qdrant
