#include "control/call_stop.h"
#include "control/convert.h"
#include "control/page.h"
#include "control/services.h"
#include "control/status_convert.h"
#include "drift/v1/run.grpc.pb.h"

namespace drift {
namespace {

constexpr size_t kMaxRequestId = 128;
constexpr std::chrono::milliseconds kBetweenUpdates{250};
constexpr std::chrono::seconds kLongestSilence{5};

class RunServiceImpl final : public v1::RunService::Service {
 public:
  explicit RunServiceImpl(const ControlParts& parts) : parts_(parts) {}

  grpc::Status Start(grpc::ServerContext* context, const v1::StartRunRequest* request,
                     v1::StartRunResponse* response) override {
    if (request->request_id().size() > kMaxRequestId) {
      return ToGrpc(InvalidArgument("request_id is longer than {} bytes", kMaxRequestId));
    }
    const auto mode = FromProto(request->mode());
    if (!mode.ok()) return ToGrpc(mode.status());
    const CallStop stop(*context);
    const auto started = parts_.supervisor.Start(FromProto(request->selector()), *mode,
                                                 request->request_id(), stop.token());
    if (!started.ok()) return ToGrpc(started.status());
    *response->mutable_run() = ToProto(started->run);
    response->set_existed(started->existed);
    for (const std::string& warning : started->warnings) response->add_warnings(warning);
    return grpc::Status::OK;
  }

  grpc::Status Get(grpc::ServerContext*, const v1::GetRunRequest* request,
                   v1::Run* response) override {
    return Answer(parts_.supervisor.GetRun(request->id()), response);
  }

  grpc::Status Cancel(grpc::ServerContext*, const v1::CancelRunRequest* request,
                      v1::Run* response) override {
    return Answer(parts_.supervisor.CancelRun(request->id()), response);
  }

  grpc::Status List(grpc::ServerContext*, const v1::ListRunsRequest* request,
                    v1::ListRunsResponse* response) override {
    const auto size = PageSize(request->page_size());
    if (!size.ok()) return ToGrpc(size.status());
    const auto before = ReadPageToken("runs", request->page_token());
    if (!before.ok()) return ToGrpc(before.status());
    RunFilter filter;
    filter.pipeline = request->pipeline();
    for (const int state : request->states()) {
      filter.states.push_back(FromProto(static_cast<v1::Run::State>(state)));
    }
    filter.limit = *size;
    filter.before_id = *before;
    const auto runs = parts_.supervisor.ListRuns(filter);
    if (!runs.ok()) return ToGrpc(runs.status());
    if (runs->empty() && !filter.pipeline.empty()) {
      // Runs of a pipeline that was deleted are there still.
      const auto known = parts_.supervisor.Get(filter.pipeline);
      if (!known.ok()) return ToGrpc(known.status());
    }
    for (const RunRecord& run : *runs) *response->add_runs() = ToProto(run);
    if (static_cast<int32_t>(runs->size()) == *size) {
      response->set_next_page_token(MakePageToken("runs", runs->back().id));
    }
    return grpc::Status::OK;
  }

  grpc::Status Follow(grpc::ServerContext* context, const v1::FollowRunRequest* request,
                      grpc::ServerWriter<v1::RunProgress>* writer) override {
    const auto active = parts_.supervisor.FindActive(request->id());
    if (!active) {
      const auto run = parts_.supervisor.GetRun(request->id());
      if (!run.ok()) return ToGrpc(run.status());
      v1::RunProgress last;
      *last.mutable_run() = ToProto(*run);
      writer->Write(last);
      return grpc::Status::OK;
    }
    const CallStop stop(*context);
    uint64_t generation = 0;
    while (!stop.token().stop_requested()) {
      const RunView view =
          active->progress.WaitForChange(generation, kLongestSilence, stop.token());
      if (!writer->Write(ToProto(view)) || IsFinal(view.run.state)) break;
      // A run that goes on after a restart of the daemon is not over, but this daemon is.
      if (parts_.supervisor.stopping() && view.run.state == RunState::kQueued) {
        return ToGrpc(Unavailable("the daemon is stopping; the run goes on when it is back"));
      }
      active->progress.WaitForEnd(kBetweenUpdates, stop.token());
    }
    return grpc::Status::OK;
  }

 private:
  static grpc::Status Answer(const StatusOr<RunRecord>& run, v1::Run* response) {
    if (!run.ok()) return ToGrpc(run.status());
    *response = ToProto(*run);
    return grpc::Status::OK;
  }

  const ControlParts parts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeRunService(const ControlParts& parts) {
  return std::make_unique<RunServiceImpl>(parts);
}

}  // namespace drift
