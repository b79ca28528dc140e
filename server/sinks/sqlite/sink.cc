#include "sinks/sqlite/sink.h"

#include "sinks/checked_batch.h"
#include "sinks/sqlite/config.h"
#include "sinks/sqlite/connections.h"
#include "sinks/sqlite/points.h"
#include "sinks/sqlite/table.h"

namespace drift::sqlite {
namespace {

using Kind = Connections::Kind;

class SqliteSink final : public Sink {
 public:
  explicit SqliteSink(Config config)
      : config_(std::move(config)), connections_(config_.path), table_(config_, connections_) {}

  std::string_view type() const override { return "sqlite"; }

  StatusOr<CollectionInfo> Describe(std::stop_token stop) override { return table_.Describe(stop); }

  StatusOr<bool> Prepare(const CollectionSpec& spec, std::stop_token stop) override {
    RETURN_IF_ERROR(CheckSource(spec.source, {}));
    return table_.Prepare(spec, stop);
  }

  Status Drop(const std::string& source, std::stop_token stop) override {
    return table_.Drop(source, stop);
  }

  StatusOr<std::vector<ItemError>> Write(const PointBatch& batch, std::stop_token stop) override {
    RETURN_IF_ERROR(CheckSource(batch.source, {}));
    ASSIGN_OR_RETURN(const auto db, connections_.Acquire(Kind::kWrite, stop));
    ASSIGN_OR_RETURN(const int32_t dimensions, table_.Dimensions(*db));
    CheckedBatch checked = CheckBatch(batch.points, {.dimensions = dimensions});
    RETURN_IF_ERROR(WritePoints(table_.quoted(), batch, checked.indexes, *db));
    return std::move(checked.errors);
  }

  Status Delete(std::span<const Deletion> deletions, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const auto db, connections_.Acquire(Kind::kWrite, stop));
    return DeletePoints(table_.quoted(), deletions, *db);
  }

  StatusOr<SourcePoints> DescribeSource(const std::string& source, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const auto db, connections_.Acquire(Kind::kRead, stop));
    return sqlite::DescribeSource(table_.quoted(), source, *db);
  }

  StatusOr<std::vector<Point>> Read(std::span<const Uuid> ids, bool with_vectors,
                                    std::stop_token stop) override {
    ASSIGN_OR_RETURN(const auto db, connections_.Acquire(Kind::kRead, stop));
    return ReadPoints(table_.quoted(), ids, with_vectors, *db);
  }

  StatusOr<std::vector<Hit>> Search(const std::string& source, const Vector& query, size_t k,
                                    const SearchFilter& filter, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const auto db, connections_.Acquire(Kind::kRead, stop));
    // The best are read again by their place, which a writer could have given to others.
    ASSIGN_OR_RETURN(const auto snapshot,
                     SqliteTransaction::Begin(*db, SqliteTransaction::Kind::kRead));
    ASSIGN_OR_RETURN(const int32_t dimensions, table_.Dimensions(*db));
    RETURN_IF_ERROR(CheckQuery(query, dimensions));
    return SearchPoints(table_.quoted(), source, query, k, filter, *db);
  }

  StatusOr<std::vector<PointHead>> List(const std::string& source, std::optional<Uuid> after,
                                        size_t limit, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const auto db, connections_.Acquire(Kind::kRead, stop));
    return ListHeads(table_.quoted(), source, after, limit, *db);
  }

  StatusOr<int64_t> Sweep(const std::string& source, int32_t below_revision,
                          std::stop_token stop) override {
    ASSIGN_OR_RETURN(const auto db, connections_.Acquire(Kind::kWrite, stop));
    return SweepPoints(table_.quoted(), source, below_revision, *db);
  }

  // Searches read every vector: there is no index to build.
  Status BuildIndex(std::stop_token stop) override {
    ASSIGN_OR_RETURN(const auto db, connections_.Acquire(Kind::kRead, stop));
    return table_.Dimensions(*db).status();
  }

 private:
  const Config config_;
  Connections connections_;
  Table table_;
};

}  // namespace

StatusOr<std::unique_ptr<Sink>> OpenSink(const Uri& uri) {
  ASSIGN_OR_RETURN(Config config, ReadConfig(uri));
  return std::make_unique<SqliteSink>(std::move(config));
}

}  // namespace drift::sqlite
