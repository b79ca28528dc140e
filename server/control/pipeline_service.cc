#include "control/call_stop.h"
#include "control/convert.h"
#include "control/page.h"
#include "control/services.h"
#include "control/status_convert.h"
#include "core/reasons.h"
#include "drift/v1/pipeline.grpc.pb.h"

namespace drift {
namespace {

constexpr int32_t kMaxRuns = 100;

class PipelineServiceImpl final : public v1::PipelineService::Service {
 public:
  explicit PipelineServiceImpl(const ControlParts& parts) : parts_(parts) {}

  grpc::Status List(grpc::ServerContext*, const v1::ListPipelinesRequest* request,
                    v1::ListPipelinesResponse* response) override {
    const auto size = PageSize(request->page_size());
    if (!size.ok()) return ToGrpc(size.status());
    const auto after = ReadPageToken("pipelines", request->page_token());
    if (!after.ok()) return ToGrpc(after.status());
    for (const PipelineRecord& record : parts_.supervisor.List()) {
      if (!after->empty() && record.spec.name <= *after) continue;
      if (response->pipelines_size() == *size) {
        const auto& last = response->pipelines(response->pipelines_size() - 1);
        response->set_next_page_token(MakePageToken("pipelines", last.spec().name()));
        break;
      }
      *response->add_pipelines() = ToProto(record);
    }
    return grpc::Status::OK;
  }

  grpc::Status Get(grpc::ServerContext*, const v1::GetPipelineRequest* request,
                   v1::Pipeline* response) override {
    return Answer(parts_.supervisor.Get(request->name()), response);
  }

  grpc::Status Apply(grpc::ServerContext*, const v1::ApplyPipelineRequest* request,
                     v1::ApplyPipelineResponse* response) override {
    const auto spec = SpecOf(*request);
    if (!spec.ok()) return ToGrpc(spec.status());
    const auto applied = parts_.supervisor.Apply(*spec, request->dry_run());
    if (!applied.ok()) return ToGrpc(applied.status());
    *response->mutable_pipeline() = ToProto(applied->record);
    response->set_change(applied->created              ? v1::ApplyPipelineResponse::CREATED
                         : applied->difference.empty() ? v1::ApplyPipelineResponse::UNCHANGED
                                                       : v1::ApplyPipelineResponse::CHANGED);
    response->set_difference(applied->difference);
    for (const std::string& warning : applied->warnings) response->add_warnings(warning);
    return grpc::Status::OK;
  }

  grpc::Status Delete(grpc::ServerContext* context, const v1::DeletePipelineRequest* request,
                      v1::DeletePipelineResponse* response) override {
    const CallStop stop(*context);
    const auto deleted =
        parts_.supervisor.Delete(request->name(), request->drop_index(), stop.token());
    if (!deleted.ok()) return ToGrpc(deleted.status());
    response->set_name(request->name());
    response->set_index_dropped(deleted->index_dropped);
    response->set_points_deleted(deleted->points);
    for (const std::string& warning : deleted->warnings) response->add_warnings(warning);
    return grpc::Status::OK;
  }

  grpc::Status Pause(grpc::ServerContext*, const v1::PausePipelineRequest* request,
                     v1::Pipeline* response) override {
    return Answer(parts_.supervisor.Pause(request->name()), response);
  }

  grpc::Status Resume(grpc::ServerContext*, const v1::ResumePipelineRequest* request,
                      v1::Pipeline* response) override {
    return Answer(parts_.supervisor.Resume(request->name()), response);
  }

  grpc::Status Plan(grpc::ServerContext* context, const v1::PlanRequest* request,
                    v1::Plan* response) override {
    const CallStop stop(*context);
    const RunMode mode = request->mode() == v1::Run::WATCH ? RunMode::kWatch : RunMode::kEmbed;
    const auto plan = parts_.supervisor.Plan(FromProto(request->selector()), mode, stop.token());
    if (!plan.ok()) return ToGrpc(plan.status());
    *response = ToProto(*plan);
    return grpc::Status::OK;
  }

  grpc::Status Status(grpc::ServerContext*, const v1::StatusRequest* request,
                      v1::StatusResponse* response) override {
    const int32_t runs = std::min(request->runs(), kMaxRuns);
    const auto all =
        parts_.supervisor.Describe(request->pipeline(), request->sink(), runs, request->refresh());
    if (!all.ok()) return ToGrpc(all.status());
    const std::vector<BudgetState> budgets = parts_.budgets.States();
    for (const PipelineStatus& status : *all) {
      v1::Status& out = *response->add_pipelines() = ToProto(status, runs);
      if (out.reason().empty()) WarnOfBudgets(budgets, out);
    }
    return grpc::Status::OK;
  }

 private:
  static void WarnOfBudgets(const std::vector<BudgetState>& budgets, v1::Status& status) {
    const std::string provider = status.model().substr(0, status.model().find('/'));
    for (const BudgetState& budget : budgets) {
      if (!budget.alerting || !budget.Covers(status.pipeline(), provider)) continue;
      status.set_reason(std::string(reason::kBudgetAlert));
      status.set_message(budget.Warning());
      status.set_remedy("Raise the budget if that is too early");
      return;
    }
  }

  static grpc::Status Answer(const StatusOr<PipelineRecord>& record, v1::Pipeline* response) {
    if (!record.ok()) return ToGrpc(record.status());
    *response = ToProto(*record);
    return grpc::Status::OK;
  }

  StatusOr<PipelineSpec> SpecOf(const v1::ApplyPipelineRequest& request) const {
    if (request.has_yaml()) {
      const std::string& file = request.yaml().file_name();
      return parts_.parse_yaml(file.empty() ? "pipeline.yaml" : file, request.yaml().text());
    }
    if (!request.has_spec()) return InvalidArgument("spec or yaml is missing");
    PipelineSpec spec = FromProto(request.spec());
    RETURN_IF_ERROR(parts_.check_spec(spec));
    return spec;
  }

  const ControlParts parts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePipelineService(const ControlParts& parts) {
  return std::make_unique<PipelineServiceImpl>(parts);
}

}  // namespace drift
