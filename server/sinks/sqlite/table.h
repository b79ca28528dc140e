// The collection's table and its stamp: created, described, dropped.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "core/sink.h"
#include "sinks/sqlite/config.h"
#include "sinks/sqlite/connections.h"

namespace drift::sqlite {

// Stamps lie in drift_collections(name, stamp), a row for each collection of the file.
// Safe for concurrent use.
class Table {
 public:
  Table(const Config& config, Connections& connections)
      : config_(config), connections_(connections) {}

  StatusOr<CollectionInfo> Describe(std::stop_token stop);
  // See Sink.
  StatusOr<bool> Prepare(const CollectionSpec& spec, std::stop_token stop);
  Status Drop(const std::string& source, std::stop_token stop);

  // Of the collection `db` has now. kNotFound: it is not there.
  StatusOr<int32_t> Dimensions(SqliteDatabase& db);

  // The table's name as SQL has it.
  std::string quoted() const { return SqliteQuote(config_.collection); }

 private:
  StatusOr<CollectionInfo> Find(SqliteDatabase& db);
  StatusOr<std::optional<CollectionStamp>> ReadStamp(SqliteDatabase& db);
  Status WriteStamp(SqliteDatabase& db, const CollectionStamp& stamp);
  Status CreateTable(SqliteDatabase& db);

  const Config& config_;
  Connections& connections_;
};

}  // namespace drift::sqlite
