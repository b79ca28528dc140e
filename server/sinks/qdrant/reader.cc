#include "sinks/qdrant/reader.h"

#include <algorithm>

#include "sinks/qdrant/filter.h"
#include "sinks/qdrant/payload.h"

namespace drift::qdrant {
namespace {

// Points per answer; with vectors and texts it has some megabytes.
constexpr size_t kMaxReads = 256;
// Points without vectors and payload per answer.
constexpr size_t kMaxHeads = 1000;

// The id after `id`; nullopt after the last there can be.
std::optional<Uuid> Next(Uuid id) {
  for (auto byte = id.bytes.rbegin(); byte != id.bytes.rend(); ++byte) {
    if (++*byte != 0) return id;
  }
  return std::nullopt;
}

PointHead DecodeHead(const pb::RetrievedPoint& found) {
  Point point = DecodePoint(found.id(), found.payload());
  return {point.id,    std::move(point.key),   point.chunk,
          point.guard, std::move(point.model), point.text_sha256};
}

StatusOr<pb::ScrollResponse> Scroll(Client& client, const pb::ScrollPoints& request,
                                    const std::stop_token& stop) {
  pb::ScrollResponse response;
  RETURN_IF_ERROR(client.Call(&pb::Points::Stub::Scroll, request, response, stop));
  return response;
}

// By looking at every point.
StatusOr<int32_t> HighestRevision(Client& client, const std::string& source, std::stop_token stop) {
  int32_t highest = 0;
  std::optional<Uuid> after;
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<PointHead> page,
                     ListHeads(client, source, after, kMaxHeads, stop));
    for (const PointHead& point : page) highest = std::max(highest, point.guard.revision);
    if (page.size() < kMaxHeads) return highest;
    after = page.back().id;
  }
}

}  // namespace

StatusOr<int64_t> CountPoints(Client& client, const pb::Filter& filter, std::stop_token stop) {
  pb::CountPoints request;
  request.set_collection_name(client.config().collection);
  *request.mutable_filter() = filter;
  request.set_exact(true);
  pb::CountResponse response;
  RETURN_IF_ERROR(client.Call(&pb::Points::Stub::Count, request, response, stop));
  return static_cast<int64_t>(response.result().count());
}

StatusOr<SourcePoints> DescribeSource(Client& client, const std::string& source,
                                      std::stop_token stop) {
  pb::ScrollPoints request;
  request.set_collection_name(client.config().collection);
  AddSource(source, *request.mutable_filter());
  SourcePoints out;
  ASSIGN_OR_RETURN(out.points, CountPoints(client, request.filter(), stop));
  if (out.points == 0) return out;
  request.set_limit(1);
  request.mutable_order_by()->set_key(kRevisionField);
  request.mutable_order_by()->set_direction(pb::Desc);
  request.mutable_with_payload()->mutable_include()->add_fields(std::string(kDriftField));
  const auto newest = Scroll(client, request, stop);
  if (newest.status().code() == StatusCode::kInvalidArgument) {
    // Somebody took the index over revisions away; Prepare() makes it again.
    ASSIGN_OR_RETURN(out.max_revision, HighestRevision(client, source, stop));
    return out;
  }
  if (!newest.ok()) return newest.status();
  if (!newest->result().empty()) {
    out.max_revision = DecodeHead(newest->result(0)).guard.revision;
  }
  return out;
}

StatusOr<std::vector<Point>> ReadPoints(Client& client, std::span<const Uuid> ids,
                                        bool with_vectors, std::stop_token stop) {
  std::vector<Point> out;
  out.reserve(ids.size());
  while (!ids.empty()) {
    const auto page = ids.first(std::min(ids.size(), kMaxReads));
    ids = ids.subspan(page.size());
    pb::GetPoints request;
    request.set_collection_name(client.config().collection);
    for (const Uuid& id : page) request.add_ids()->set_uuid(id.ToString());
    request.mutable_with_payload()->set_enable(true);
    request.mutable_with_vectors()->set_enable(with_vectors);
    pb::GetResponse response;
    RETURN_IF_ERROR(client.Call(&pb::Points::Stub::Get, request, response, stop));
    for (const pb::RetrievedPoint& found : response.result()) {
      Point& point = out.emplace_back(DecodePoint(found.id(), found.payload()));
      if (with_vectors) point.vector = DecodeVector(found.vectors());
    }
  }
  return out;
}

StatusOr<std::vector<Hit>> SearchPoints(Client& client, const std::string& source,
                                        const Vector& query, size_t k, const SearchFilter& filter,
                                        std::stop_token stop) {
  if (k == 0) return std::vector<Hit>();  // which the server refuses
  pb::QueryPoints request;
  request.set_collection_name(client.config().collection);
  AddSource(source, *request.mutable_filter());
  RETURN_IF_ERROR(AddSearchFilter(filter, *request.mutable_filter()));
  const auto values = query.values();
  request.mutable_query()->mutable_nearest()->mutable_dense()->mutable_data()->Add(values.begin(),
                                                                                   values.end());
  request.set_limit(k);
  request.mutable_with_payload()->set_enable(true);
  pb::QueryResponse response;
  RETURN_IF_ERROR(client.Call(&pb::Points::Stub::Query, request, response, stop));
  std::vector<Hit> out;
  for (const pb::ScoredPoint& found : response.result()) {
    out.push_back({found.score(), DecodePoint(found.id(), found.payload())});
  }
  return out;
}

StatusOr<std::vector<PointHead>> ListHeads(Client& client, const std::string& source,
                                           std::optional<Uuid> after, size_t limit,
                                           std::stop_token stop) {
  std::vector<PointHead> out;
  // The server pages from an id on, that id included.
  std::optional<Uuid> from = after ? Next(*after) : Uuid();
  while (from && out.size() < limit) {
    const size_t page = std::min(limit - out.size(), kMaxHeads);
    pb::ScrollPoints request;
    request.set_collection_name(client.config().collection);
    AddSource(source, *request.mutable_filter());
    request.mutable_offset()->set_uuid(from->ToString());
    request.set_limit(static_cast<uint32_t>(page));
    request.mutable_with_payload()->mutable_include()->add_fields(std::string(kDriftField));
    ASSIGN_OR_RETURN(const pb::ScrollResponse response, Scroll(client, request, stop));
    for (const pb::RetrievedPoint& found : response.result()) out.push_back(DecodeHead(found));
    if (static_cast<size_t>(response.result_size()) < page) break;
    from = Next(out.back().id);
  }
  return out;
}

}  // namespace drift::qdrant
