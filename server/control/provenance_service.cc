#include <map>

#include "control/convert.h"
#include "control/page.h"
#include "control/services.h"
#include "control/status_convert.h"
#include "core/key.h"
#include "drift/v1/provenance.grpc.pb.h"

namespace drift {
namespace {

class ProvenanceServiceImpl final : public v1::ProvenanceService::Service {
 public:
  explicit ProvenanceServiceImpl(const ControlParts& parts) : parts_(parts) {}

  grpc::Status Get(grpc::ServerContext*, const v1::GetProvenanceRequest* request,
                   v1::Provenance* response) override {
    const auto id = ParseUuid(request->point_id());
    if (!id.ok()) return ToGrpc(id.status());
    ProvenanceFilter filter;
    filter.point_id = *id;
    filter.limit = 1;
    const auto page = parts_.ledger.FindProvenance(filter);
    if (!page.ok()) return ToGrpc(page.status());
    if (page->records.empty()) {
      return ToGrpc(NotFound("the ledger never wrote a point {}", request->point_id()));
    }
    std::map<std::string, v1::Run::Mode> modes;
    *response = Complete(page->records.front(), modes);
    return grpc::Status::OK;
  }

  grpc::Status List(grpc::ServerContext*, const v1::ListProvenanceRequest* request,
                    v1::ListProvenanceResponse* response) override {
    ProvenanceFilter filter;
    const auto size = PageSize(request->page_size());
    if (!size.ok()) return ToGrpc(size.status());
    const auto token = ReadPageToken("provenance", request->page_token());
    if (!token.ok()) return ToGrpc(token.status());
    filter.pipeline = request->pipeline();
    filter.limit = *size;
    filter.page_token = *token;
    if (!request->key().empty()) {
      const auto keys = KeyCandidates(request->key());
      if (!keys.ok()) return ToGrpc(keys.status());
      filter.keys = *keys;
    }
    const auto page = parts_.ledger.FindProvenance(filter);
    if (!page.ok()) return ToGrpc(page.status());
    std::map<std::string, v1::Run::Mode> modes;
    for (const ProvenanceRecord& record : page->records) {
      *response->add_records() = Complete(record, modes);
    }
    if (!page->next_page_token.empty()) {
      response->set_next_page_token(MakePageToken("provenance", page->next_page_token));
    }
    return grpc::Status::OK;
  }

 private:
  v1::Provenance Complete(const ProvenanceRecord& record,
                          std::map<std::string, v1::Run::Mode>& modes) const {
    v1::Provenance out = ToProto(record);
    const auto [mode, is_new] = modes.emplace(record.run_id, v1::Run::MODE_UNSPECIFIED);
    if (is_new) {
      if (const auto run = parts_.ledger.GetRun(record.run_id); run.ok()) {
        mode->second = ToProto(*run).mode();
      }
    }
    out.set_run_mode(mode->second);
    if (const auto when = parts_.supervisor.CommittedAt(record.pipeline, record.table_version)) {
      SetTime(*when, out.mutable_table_version_time());
    }
    return out;
  }

  const ControlParts parts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeProvenanceService(const ControlParts& parts) {
  return std::make_unique<ProvenanceServiceImpl>(parts);
}

}  // namespace drift
