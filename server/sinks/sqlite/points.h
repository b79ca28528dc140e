// Reading and writing the rows of a table. Each function is as the method of Sink with its name;
// `db` is the caller's for the time of the call, `table` the table's name as SQL has it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/sink.h"
#include "net/sqlite.h"

namespace drift::sqlite {

// Those of the batch's points that `indexes` name, in one transaction.
Status WritePoints(const std::string& table, const PointBatch& batch,
                   std::span<const size_t> indexes, SqliteDatabase& db);

Status DeletePoints(const std::string& table, std::span<const Sink::Deletion> deletions,
                    SqliteDatabase& db);

StatusOr<SourcePoints> DescribeSource(const std::string& table, const std::string& source,
                                      SqliteDatabase& db);

StatusOr<std::vector<Point>> ReadPoints(const std::string& table, std::span<const Uuid> ids,
                                        bool with_vectors, SqliteDatabase& db);

// Compares the query with every vector of the source.
StatusOr<std::vector<Hit>> SearchPoints(const std::string& table, const std::string& source,
                                        const Vector& query, size_t k, const SearchFilter& filter,
                                        SqliteDatabase& db);

StatusOr<std::vector<PointHead>> ListHeads(const std::string& table, const std::string& source,
                                           std::optional<Uuid> after, size_t limit,
                                           SqliteDatabase& db);

StatusOr<int64_t> SweepPoints(const std::string& table, const std::string& source,
                              int32_t below_revision, SqliteDatabase& db);

}  // namespace drift::sqlite
