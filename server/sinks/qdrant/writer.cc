#include "sinks/qdrant/writer.h"

#include <google/protobuf/arena.h>

#include <algorithm>

#include "sinks/checked_batch.h"
#include "sinks/qdrant/filter.h"
#include "sinks/qdrant/payload.h"
#include "sinks/qdrant/upload.h"

namespace drift::qdrant {
namespace {

// What one request carries at most. The server holds a request in memory several times over.
constexpr size_t kMaxPoints = 256;
constexpr size_t kMaxBytes = 8u << 20;
constexpr size_t kMaxDeletions = 1000;
// Distinct guards in one request: each is a condition that is tried on each of its points.
constexpr size_t kMaxGuards = 64;

// Fills one request after the other. Points come ascending by guard.
class Packer {
 public:
  Packer(const std::string& collection, Upload& upload) : collection_(collection), upload_(upload) {
    Begin();
  }

  // Sends the request if it has no room for the point. An error is that of an earlier request.
  Status MakeRoom(const Point& point) {
    const bool full = ids_.size() == kMaxPoints || bytes_ + point.Bytes() > kMaxBytes ||
                      (guards_ == kMaxGuards && ids_.back().guard != point.guard);
    return full ? Flush() : OkStatus();
  }

  // kInvalidArgument: the point can never be stored, and was left out.
  Status Add(const std::string& source, const Point& point) {
    if (Status status = EncodePoint(source, point, *request_->add_points()); !status.ok()) {
      request_->mutable_points()->RemoveLast();
      return status;
    }
    guards_ += ids_.empty() || ids_.back().guard != point.guard;
    ids_.push_back({point.id, point.guard});
    bytes_ += point.Bytes();
    return OkStatus();
  }

  Status Flush() {
    if (ids_.empty()) return OkStatus();
    SetGuard(ids_, *request_->mutable_update_filter());
    const Status status = upload_.Send(*request_);
    Begin();
    return status;
  }

 private:
  void Begin() {
    arena_.Reset();
    request_ = google::protobuf::Arena::CreateMessage<pb::UpsertPoints>(&arena_);
    request_->set_collection_name(collection_);
    request_->set_wait(true);
    ids_.clear();
    bytes_ = 0;
    guards_ = 0;
  }

  const std::string& collection_;
  Upload& upload_;
  google::protobuf::Arena arena_;
  pb::UpsertPoints* request_ = nullptr;  // in arena_
  std::vector<GuardedId> ids_;
  size_t bytes_ = 0;
  size_t guards_ = 0;
};

// The longest beginning of `deletions` that one request carries.
std::vector<GuardedId> NextIds(std::span<const Sink::Deletion> deletions) {
  std::vector<GuardedId> ids;
  size_t guards = 0;
  for (const auto& [id, guard] : deletions.first(std::min(deletions.size(), kMaxDeletions))) {
    guards += ids.empty() || ids.back().guard != guard;
    if (guards > kMaxGuards) break;
    ids.push_back({id, guard});
  }
  return ids;
}

}  // namespace

StatusOr<std::vector<ItemError>> WritePoints(Client& client, const PointBatch& batch,
                                             int32_t dimensions, std::stop_token stop) {
  RETURN_IF_ERROR(CheckSource(batch.source, {}));
  CheckedBatch checked = CheckBatch(batch.points, {.dimensions = dimensions});
  for (const size_t index : checked.indexes) RETURN_IF_ERROR(CheckColumns(batch.points[index]));
  Upload upload(client, stop);
  Packer packer(client.config().collection, upload);
  for (const size_t index : checked.indexes) {
    const Point& point = batch.points[index];
    RETURN_IF_ERROR(packer.MakeRoom(point));
    Status status = packer.Add(batch.source, point);
    if (!status.ok()) checked.errors.push_back({index, std::move(status)});
  }
  RETURN_IF_ERROR(packer.Flush());
  RETURN_IF_ERROR(upload.Finish());
  return std::move(checked.errors);
}

Status DeletePoints(Client& client, std::span<const Sink::Deletion> deletions,
                    std::stop_token stop) {
  const std::vector<Sink::Deletion> newest = NewestDeletions(deletions);
  std::span<const Sink::Deletion> left = newest;
  while (!left.empty()) {
    const std::vector<GuardedId> ids = NextIds(left);
    left = left.subspan(ids.size());
    pb::Filter filter;
    SetGuard(ids, filter);
    AddIds(ids, filter);
    RETURN_IF_ERROR(DeleteWhere(client, filter, client.config().timeout, stop));
  }
  return OkStatus();
}

Status DeleteWhere(Client& client, const pb::Filter& filter, std::chrono::seconds timeout,
                   std::stop_token stop) {
  pb::DeletePoints request;
  request.set_collection_name(client.config().collection);
  request.set_wait(true);
  *request.mutable_points()->mutable_filter() = filter;
  pb::PointsOperationResponse response;
  RETURN_IF_ERROR(client.CallWithin(timeout, &pb::Points::Stub::Delete, request, response, stop));
  return CheckApplied(client.config(), response.result());
}

}  // namespace drift::qdrant
