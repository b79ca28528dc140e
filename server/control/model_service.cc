#include "control/page.h"
#include "control/services.h"
#include "control/status_convert.h"
#include "drift/v1/model.grpc.pb.h"

namespace drift {
namespace {

class ModelServiceImpl final : public v1::ModelService::Service {
 public:
  explicit ModelServiceImpl(const ControlParts& parts) : parts_(parts) {}

  grpc::Status List(grpc::ServerContext*, const v1::ListModelsRequest* request,
                    v1::ListModelsResponse* response) override {
    const auto size = PageSize(request->page_size(), kLongPage);
    if (!size.ok()) return ToGrpc(size.status());
    const auto skip = ReadNumberToken("models", request->page_token());
    if (!skip.ok()) return ToGrpc(skip.status());
    int64_t at = 0;
    for (const v1::Model& model : parts_.list_models()) {
      const std::string provider = model.model().substr(0, model.model().find('/'));
      if (!request->provider().empty() && provider != request->provider()) continue;
      if (at++ < *skip) continue;
      if (response->models_size() == *size) {
        response->set_next_page_token(MakePageToken("models", std::to_string(*skip + *size)));
        break;
      }
      *response->add_models() = model;
    }
    return grpc::Status::OK;
  }

 private:
  const ControlParts parts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeModelService(const ControlParts& parts) {
  return std::make_unique<ModelServiceImpl>(parts);
}

}  // namespace drift
