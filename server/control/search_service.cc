#include "control/call_stop.h"
#include "control/convert.h"
#include "control/services.h"
#include "control/status_convert.h"
#include "core/text_template.h"
#include "drift/v1/search.grpc.pb.h"

namespace drift {
namespace {

constexpr int32_t kHits = 5;
constexpr int32_t kMaxHits = 1000;

class SearchServiceImpl final : public v1::SearchService::Service {
 public:
  explicit SearchServiceImpl(const ControlParts& parts) : parts_(parts) {}

  grpc::Status Search(grpc::ServerContext* context, const v1::SearchRequest* request,
                      v1::SearchResponse* response) override {
    const int32_t k = request->k() == 0 ? kHits : request->k();
    if (k < 0 || k > kMaxHits) {
      return ToGrpc(InvalidArgument("k is {}; it must be from 1 to {}", k, kMaxHits));
    }
    if (IsBlank(request->text())) return ToGrpc(InvalidArgument("the text is empty"));
    SearchFilter filter;
    for (const auto& each : request->filters()) filter.emplace_back(each.column(), each.value());
    const CallStop stop(*context);
    const auto found = parts_.supervisor.Search(request->pipeline(), request->text(),
                                                static_cast<size_t>(k), filter, stop.token());
    if (!found.ok()) return ToGrpc(found.status());
    for (const Hit& hit : found->hits) *response->add_hits() = ToProto(hit);
    for (const std::string& column : found->spec.payload) response->add_payload_columns(column);
    response->set_model(found->spec.model);
    response->set_tokens(found->tokens);
    response->set_cost_usd(ToUsd(found->cost));
    return grpc::Status::OK;
  }

 private:
  const ControlParts parts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeSearchService(const ControlParts& parts) {
  return std::make_unique<SearchServiceImpl>(parts);
}

}  // namespace drift
