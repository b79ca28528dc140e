// Reading and writing the rows of a table. Each function is as the method of Sink with its name;
// the connection is the caller's for the time of the call.
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/sink.h"
#include "net/pg.h"
#include "sinks/pgvector/table.h"

namespace drift::pgvector {

// Writes those of the batch's points that `indexes` name, each id once, in one transaction. An
// error: none was written (or, if the connection broke, perhaps all).
Status WriteChunk(const Known& known, const PointBatch& batch, std::span<const size_t> indexes,
                  PgConnection& connection, std::stop_token stop);
// The same where none of the points is there yet, at half the server's work. kAlreadyExists: one
// is, and none was written.
Status InsertChunk(const Known& known, const PointBatch& batch, std::span<const size_t> indexes,
                   PgConnection& connection, std::stop_token stop);

Status DeletePoints(const Known& known, std::span<const Sink::Deletion> deletions,
                    PgConnection& connection, std::stop_token stop);

StatusOr<SourcePoints> DescribeSource(const Known& known, const std::string& source,
                                      PgConnection& connection, std::stop_token stop);

StatusOr<std::vector<Point>> ReadPoints(const Known& known, std::span<const Uuid> ids,
                                        bool with_vectors, PgConnection& connection,
                                        std::stop_token stop);

StatusOr<std::vector<Hit>> SearchPoints(const Known& known, const std::string& source,
                                        const Vector& query, size_t k, const SearchFilter& filter,
                                        PgConnection& connection, std::stop_token stop);

StatusOr<std::vector<PointHead>> ListHeads(const Known& known, const std::string& source,
                                           std::optional<Uuid> after, size_t limit,
                                           PgConnection& connection, std::stop_token stop);

StatusOr<int64_t> SweepPoints(const Known& known, const std::string& source, int32_t below_revision,
                              PgConnection& connection, std::stop_token stop);

// All of a source.
Status DeleteSource(const Known& known, const std::string& source, PgConnection& connection,
                    std::stop_token stop);

}  // namespace drift::pgvector
