#include "sinks/sqlite/table.h"

#include "net/stamp.h"

namespace drift::sqlite {
namespace {

// Names of collections are compared as SQLite compares names of tables.
constexpr char kCreateStamps[] =
    "CREATE TABLE IF NOT EXISTS drift_collections ("
    "name TEXT PRIMARY KEY COLLATE NOCASE, stamp TEXT NOT NULL)";

// A vector that fits into a page is read without walking from page to page, which makes writes and
// searches half as fast again; where vectors are small, small pages cost less when ids are entered
// all over their index.
int PageBytes(int32_t dimensions) {
  constexpr int32_t kMost = 16384;
  int page = 4096;
  while (page < kMost && page < 4 * dimensions * static_cast<int32_t>(sizeof(float))) page *= 2;
  return page;
}

}  // namespace

StatusOr<std::optional<CollectionStamp>> Table::ReadStamp(SqliteDatabase& db) {
  auto read = db.Prepare("SELECT stamp FROM drift_collections WHERE name = ?");
  if (read.status().code() == StatusCode::kNotFound) return std::nullopt;
  if (!read.ok()) return read.status();
  read->BindAll(config_.collection);
  ASSIGN_OR_RETURN(const bool found, read->Step());
  if (!found) return std::nullopt;
  auto stamp = StampFromJson(read->Text(0));
  if (!stamp.ok()) return std::nullopt;
  return *std::move(stamp);
}

StatusOr<CollectionInfo> Table::Find(SqliteDatabase& db) {
  CollectionInfo info;
  ASSIGN_OR_RETURN(SqliteStatement exists,
                   db.Prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND "
                              "name = ? COLLATE NOCASE"));
  exists.BindAll(config_.collection);
  ASSIGN_OR_RETURN(info.exists, exists.Step());
  if (!info.exists) return info;
  ASSIGN_OR_RETURN(info.points, db.QueryInt(fmt::format("SELECT count(*) FROM {}", quoted())));
  ASSIGN_OR_RETURN(info.stamp, ReadStamp(db));
  if (info.stamp) info.dimensions = info.stamp->dimensions;
  return info;
}

StatusOr<CollectionInfo> Table::Describe(std::stop_token stop) {
  auto db = connections_.Acquire(Connections::Kind::kRead, stop);
  if (db.status().code() == StatusCode::kNotFound) return CollectionInfo();
  if (!db.ok()) return db.status();
  ASSIGN_OR_RETURN(const auto snapshot,
                   SqliteTransaction::Begin(**db, SqliteTransaction::Kind::kRead));
  return Find(**db);
}

StatusOr<int32_t> Table::Dimensions(SqliteDatabase& db) {
  ASSIGN_OR_RETURN(const auto stamp, ReadStamp(db));
  if (!stamp) return NotFound("{} does not exist", config_.Name());
  return stamp->dimensions;
}

Status Table::WriteStamp(SqliteDatabase& db, const CollectionStamp& stamp) {
  ASSIGN_OR_RETURN(SqliteStatement write,
                   db.Prepare("INSERT INTO drift_collections (name, stamp) VALUES (?, ?) "
                              "ON CONFLICT (name) DO UPDATE SET stamp = excluded.stamp"));
  const std::string json = StampToJson(stamp);
  return write.RunWith(config_.collection, json);
}

Status Table::CreateTable(SqliteDatabase& db) {
  return db.Execute(fmt::format(
      "CREATE TABLE {} (id BLOB PRIMARY KEY NOT NULL, embedding BLOB NOT NULL, key TEXT NOT NULL, "
      "chunk INTEGER NOT NULL, source TEXT NOT NULL, source_version INTEGER NOT NULL, "
      "revision INTEGER NOT NULL, run_id TEXT NOT NULL, model TEXT NOT NULL, "
      "text_sha256 TEXT NOT NULL, embedded_at TEXT NOT NULL, payload TEXT NOT NULL, text TEXT);"
      "CREATE INDEX {} ON {} (source, revision)",
      quoted(), SqliteQuote("drift_source_" + config_.collection), quoted()));
}

StatusOr<bool> Table::Prepare(const CollectionSpec& spec, std::stop_token stop) {
  if (stop.stop_requested()) return Cancelled("{}: stopped", config_.path);
  RETURN_IF_ERROR(connections_.Create(PageBytes(spec.stamp.dimensions)));
  ASSIGN_OR_RETURN(const auto db, connections_.Acquire(Connections::Kind::kWrite, stop));
  ASSIGN_OR_RETURN(auto transaction,
                   SqliteTransaction::Begin(*db, SqliteTransaction::Kind::kWrite));
  RETURN_IF_ERROR(db->Execute(kCreateStamps));
  ASSIGN_OR_RETURN(const CollectionInfo found, Find(*db));
  CollectionStamp stamp = spec.stamp;
  if (!found.exists) {
    RETURN_IF_ERROR(CreateTable(*db));
  } else {
    RETURN_IF_ERROR(CheckCompatible(config_.Name(), found, spec.stamp));
    stamp = *found.stamp;
  }
  stamp.sources[spec.source] = spec.owner;
  RETURN_IF_ERROR(WriteStamp(*db, stamp));
  RETURN_IF_ERROR(transaction.Commit());
  return !found.exists;
}

Status Table::Drop(const std::string& source, std::stop_token stop) {
  ASSIGN_OR_RETURN(const auto db, connections_.Acquire(Connections::Kind::kWrite, stop));
  ASSIGN_OR_RETURN(auto transaction,
                   SqliteTransaction::Begin(*db, SqliteTransaction::Kind::kWrite));
  ASSIGN_OR_RETURN(auto stamp, ReadStamp(*db));
  if (!stamp) return NotFound("{} does not exist", config_.Name());
  {
    ASSIGN_OR_RETURN(SqliteStatement remove,
                     db->Prepare(fmt::format("DELETE FROM {} WHERE source = ?", quoted())));
    RETURN_IF_ERROR(remove.RunWith(source));
  }
  stamp->sources.erase(source);
  ASSIGN_OR_RETURN(const int64_t left,
                   db->QueryInt(fmt::format("SELECT count(*) FROM {}", quoted())));
  if (left > 0 || !stamp->sources.empty()) {
    RETURN_IF_ERROR(WriteStamp(*db, *stamp));
  } else {
    RETURN_IF_ERROR(db->Execute("DROP TABLE " + quoted()));
    ASSIGN_OR_RETURN(SqliteStatement forget,
                     db->Prepare("DELETE FROM drift_collections WHERE name = ?"));
    RETURN_IF_ERROR(forget.RunWith(config_.collection));
  }
  return transaction.Commit();
}

}  // namespace drift::sqlite
