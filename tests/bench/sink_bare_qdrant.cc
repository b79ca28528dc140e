#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstring>

#include "base/time_text.h"
#include "qdrant_collections.grpc.pb.h"
#include "qdrant_points.grpc.pb.h"
#include "tests/bench/sink_bare.h"

namespace drift::bench {
namespace {

namespace pb = ::qdrant;

class Qdrant final : public BareLoader {
 public:
  explicit Qdrant(uint16_t port) {
    const auto channel =
        grpc::CreateChannel(fmt::format("127.0.0.1:{}", port), grpc::InsecureChannelCredentials());
    points_ = pb::Points::NewStub(channel);
    collections_ = pb::Collections::NewStub(channel);
  }

  void Create(int32_t dimensions) override {
    Remove();
    pb::CreateCollection request;
    request.set_collection_name("bare");
    request.mutable_vectors_config()->mutable_params()->set_size(dimensions);
    request.mutable_vectors_config()->mutable_params()->set_distance(pb::Cosine);
    request.mutable_optimizers_config()->set_indexing_threshold(0);
    pb::CollectionOperationResponse response;
    grpc::ClientContext context;
    Check(collections_->Create(&context, request, &response));
  }

  // One request after the other, of the size the server's makers recommend.
  void Insert(std::span<const Point> points) override {
    constexpr size_t kPoints = 256;
    while (!points.empty()) {
      const auto part = points.first(std::min(points.size(), kPoints));
      points = points.subspan(part.size());
      pb::UpsertPoints request;
      request.set_collection_name("bare");
      request.set_wait(true);
      for (const Point& point : part) Encode(point, *request.add_points());
      pb::PointsOperationResponse response;
      grpc::ClientContext context;
      Check(points_->Upsert(&context, request, &response));
    }
  }
  void Update(std::span<const Point> points) override { Insert(points); }

  void Remove() override {
    pb::DeleteCollection request;
    request.set_collection_name("bare");
    pb::CollectionOperationResponse response;
    grpc::ClientContext context;
    Check(collections_->Delete(&context, request, &response));
  }

 private:
  static void Check(const grpc::Status& status) {
    if (!status.ok()) Fail(status.error_message());
  }
  static void Encode(const Point& point, pb::PointStruct& out) {
    out.mutable_id()->set_uuid(point.id.ToString());
    const auto values = point.vector.values();
    auto& data = *out.mutable_vectors()->mutable_vector()->mutable_dense()->mutable_data();
    data.Resize(static_cast<int>(values.size()), 0);
    std::memcpy(data.mutable_data(), values.data(), values.size_bytes());
    auto& payload = *out.mutable_payload();
    for (const auto& [name, value] : point.payload) {
      if (const auto* text = std::get_if<std::string>(&value)) {
        payload[name].set_string_value(*text);
      } else if (const auto* number = std::get_if<int64_t>(&value)) {
        payload[name].set_integer_value(*number);
      }
    }
    payload["text"].set_string_value(*point.text);
    auto& drift = *payload["drift"].mutable_struct_value()->mutable_fields();
    drift["key"].set_string_value(point.key);
    drift["chunk"].set_integer_value(point.chunk);
    drift["source"].set_string_value("docs");
    drift["source_version"].set_integer_value(point.guard.version);
    drift["revision"].set_integer_value(point.guard.revision);
    drift["run_id"].set_string_value(point.run_id);
    drift["model"].set_string_value(point.model);
    drift["text_sha256"].set_string_value(Digest(point));
    drift["embedded_at"].set_string_value(FormatTime(point.embedded_at));
  }

  std::unique_ptr<pb::Points::Stub> points_;
  std::unique_ptr<pb::Collections::Stub> collections_;
};

}  // namespace

std::unique_ptr<BareLoader> BareQdrant(uint16_t port) {
  return std::make_unique<Qdrant>(port);
}

}  // namespace drift::bench
