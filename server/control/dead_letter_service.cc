#include "control/convert.h"
#include "control/page.h"
#include "control/services.h"
#include "control/status_convert.h"
#include "drift/v1/dead_letter.grpc.pb.h"

namespace drift {
namespace {

bool IsEmpty(const DeadLetterFilter& filter) {
  return filter.pipeline.empty() && filter.reason.empty() && filter.keys.empty() &&
         filter.ids.empty();
}

class DeadLetterServiceImpl final : public v1::DeadLetterService::Service {
 public:
  explicit DeadLetterServiceImpl(const ControlParts& parts) : parts_(parts) {}

  grpc::Status List(grpc::ServerContext*, const v1::ListDeadLettersRequest* request,
                    v1::ListDeadLettersResponse* response) override {
    auto filter = FromProto(request->filter());
    if (!filter.ok()) return ToGrpc(filter.status());
    const auto size = PageSize(request->page_size());
    if (!size.ok()) return ToGrpc(size.status());
    const auto after = ReadNumberToken("dead-letters", request->page_token());
    if (!after.ok()) return ToGrpc(after.status());
    filter->limit = *size;
    filter->after_id = *after;
    const auto letters = parts_.ledger.ListDeadLetters(*filter);
    if (!letters.ok()) return ToGrpc(letters.status());
    for (const DeadLetter& letter : *letters) *response->add_dead_letters() = ToProto(letter);
    if (static_cast<int32_t>(letters->size()) == *size) {
      response->set_next_page_token(
          MakePageToken("dead-letters", std::to_string(letters->back().id)));
    }
    return grpc::Status::OK;
  }

  grpc::Status Get(grpc::ServerContext*, const v1::GetDeadLetterRequest* request,
                   v1::DeadLetter* response) override {
    DeadLetterFilter filter;
    filter.ids = {request->id()};
    const auto letters = parts_.ledger.ListDeadLetters(filter);
    if (!letters.ok()) return ToGrpc(letters.status());
    if (letters->empty()) {
      return ToGrpc(
          NotFound("no open dead letter {}; see driftctl dead-letters list", request->id()));
    }
    *response = ToProto(letters->front());
    return grpc::Status::OK;
  }

  grpc::Status Replay(grpc::ServerContext*, const v1::ReplayDeadLettersRequest* request,
                      v1::Run* response) override {
    const auto filter = FromProto(request->filter());
    if (!filter.ok()) return ToGrpc(filter.status());
    if (filter->pipeline.empty() && filter->ids.empty()) {
      return ToGrpc(InvalidArgument("say which: name a pipeline or ids"));
    }
    const auto run = parts_.supervisor.Replay(*filter, request->request_id());
    if (!run.ok()) return ToGrpc(run.status());
    *response = ToProto(*run);
    return grpc::Status::OK;
  }

  grpc::Status Discard(grpc::ServerContext*, const v1::DiscardDeadLettersRequest* request,
                       v1::DiscardDeadLettersResponse* response) override {
    const auto filter = FromProto(request->filter());
    if (!filter.ok()) return ToGrpc(filter.status());
    if (IsEmpty(*filter)) {
      return ToGrpc(InvalidArgument("say which: name a pipeline, a reason, keys or ids"));
    }
    const auto discarded = parts_.ledger.DiscardDeadLetters(*filter);
    if (!discarded.ok()) return ToGrpc(discarded.status());
    if (*discarded == 0 && !filter->ids.empty()) {
      return ToGrpc(NotFound("no open dead letter has that number"));
    }
    response->set_discarded(*discarded);
    return grpc::Status::OK;
  }

 private:
  const ControlParts parts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeDeadLetterService(const ControlParts& parts) {
  return std::make_unique<DeadLetterServiceImpl>(parts);
}

}  // namespace drift
