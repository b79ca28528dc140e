#include "sinks/qdrant/sink.h"

#include <atomic>

#include "sinks/checked_batch.h"
#include "sinks/qdrant/client.h"
#include "sinks/qdrant/collection.h"
#include "sinks/qdrant/filter.h"
#include "sinks/qdrant/reader.h"
#include "sinks/qdrant/writer.h"

namespace drift::qdrant {
namespace {

// Removing by a condition walks over all points of a source.
constexpr std::chrono::minutes kSlow{10};

class QdrantSink final : public Sink {
 public:
  explicit QdrantSink(Config config) : client_(std::move(config)), collection_(client_) {}

  std::string_view type() const override { return "qdrant"; }

  StatusOr<CollectionInfo> Describe(std::stop_token stop) override {
    return collection_.Describe(stop);
  }

  StatusOr<SourcePoints> DescribeSource(const std::string& source, std::stop_token stop) override {
    return qdrant::DescribeSource(client_, source, stop);
  }

  StatusOr<bool> Prepare(const CollectionSpec& spec, std::stop_token stop) override;

  StatusOr<std::vector<ItemError>> Write(const PointBatch& batch, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const int32_t dimensions, Dimensions(stop));
    return WritePoints(client_, batch, dimensions, stop);
  }

  Status Delete(std::span<const Deletion> deletions, std::stop_token stop) override {
    return DeletePoints(client_, deletions, stop);
  }

  StatusOr<std::vector<Point>> Read(std::span<const Uuid> ids, bool with_vectors,
                                    std::stop_token stop) override {
    return ReadPoints(client_, ids, with_vectors, stop);
  }

  StatusOr<std::vector<Hit>> Search(const std::string& source, const Vector& query, size_t k,
                                    const SearchFilter& filter, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const int32_t dimensions, Dimensions(stop));
    RETURN_IF_ERROR(CheckQuery(query, dimensions));
    return SearchPoints(client_, source, query, k, filter, stop);
  }

  StatusOr<std::vector<PointHead>> List(const std::string& source, std::optional<Uuid> after,
                                        size_t limit, std::stop_token stop) override {
    return ListHeads(client_, source, after, limit, stop);
  }

  StatusOr<int64_t> Sweep(const std::string& source, int32_t below_revision,
                          std::stop_token stop) override;
  Status Drop(const std::string& source, std::stop_token stop) override;

  Status BuildIndex(std::stop_token stop) override { return collection_.BuildIndex(stop); }

 private:
  // Of the collection: asked for once, kept until it is prepared anew.
  StatusOr<int32_t> Dimensions(std::stop_token stop);

  Client client_;
  Collection collection_;
  std::atomic<int32_t> dimensions_ = 0;  // 0: not known
};

StatusOr<int32_t> QdrantSink::Dimensions(std::stop_token stop) {
  if (const int32_t known = dimensions_.load(); known != 0) return known;
  ASSIGN_OR_RETURN(const CollectionInfo info, collection_.Describe(stop));
  if (!info.exists) {
    return NotFound("{}: collection {} does not exist", client_.config().Server(),
                    client_.config().collection);
  }
  dimensions_.store(info.dimensions);
  return info.dimensions;
}

StatusOr<bool> QdrantSink::Prepare(const CollectionSpec& spec, std::stop_token stop) {
  auto created = collection_.Prepare(spec, stop);
  dimensions_.store(created.ok() ? spec.stamp.dimensions : 0);
  return created;
}

StatusOr<int64_t> QdrantSink::Sweep(const std::string& source, int32_t below_revision,
                                    std::stop_token stop) {
  pb::Filter filter;
  AddSource(source, filter);
  AddRevisionBelow(below_revision, filter);
  ASSIGN_OR_RETURN(const int64_t count, CountPoints(client_, filter, stop));
  if (count > 0) RETURN_IF_ERROR(DeleteWhere(client_, filter, kSlow, stop));
  return count;
}

Status QdrantSink::Drop(const std::string& source, std::stop_token stop) {
  pb::Filter of_source;
  AddSource(source, of_source);
  RETURN_IF_ERROR(DeleteWhere(client_, of_source, kSlow, stop));
  RETURN_IF_ERROR(collection_.Forget(source, stop));
  // Points that no entry accounts for (a stamp edited by hand) keep the collection too.
  ASSIGN_OR_RETURN(const CollectionInfo info, collection_.Describe(stop));
  if (!info.stamp || !info.stamp->sources.empty()) return OkStatus();
  ASSIGN_OR_RETURN(const int64_t left, CountPoints(client_, {}, stop));
  if (left > 0) return OkStatus();
  dimensions_.store(0);
  return collection_.Delete(stop);
}

}  // namespace

StatusOr<std::unique_ptr<Sink>> OpenSink(const Uri& uri) {
  ASSIGN_OR_RETURN(Config config, ReadConfig(uri));
  return std::make_unique<QdrantSink>(std::move(config));
}

}  // namespace drift::qdrant
