#include "sinks/qdrant/upload.h"

#include <algorithm>

namespace drift::qdrant {

Upload::~Upload() {
  for (const auto& call : in_flight_) call->context.TryCancel();
  while (!in_flight_.empty()) AwaitOne().IgnoreError();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

Status Upload::Send(const pb::UpsertPoints& request) {
  while (in_flight_.size() >= kStreams) RETURN_IF_ERROR(AwaitOne());
  auto call = std::make_unique<InFlight>();
  client_.SetUp(call->context, client_.config().timeout);
  call->reader = client_.points_->AsyncUpsert(&call->context, request, &queue_);
  call->reader->Finish(&call->response, &call->status, call.get());
  call->cancel.emplace(stop_, Cancel{&call->context});
  in_flight_.push_back(std::move(call));
  return OkStatus();
}

Status Upload::Finish() {
  while (!in_flight_.empty()) RETURN_IF_ERROR(AwaitOne());
  return OkStatus();
}

Status Upload::AwaitOne() {
  void* tag = nullptr;
  bool ok = false;
  if (!queue_.Next(&tag, &ok)) return Internal("{}: queue is shut down", client_.config().Server());
  const auto done = std::find_if(in_flight_.begin(), in_flight_.end(),
                                 [tag](const auto& call) { return call.get() == tag; });
  const std::unique_ptr<InFlight> call = std::move(*done);
  in_flight_.erase(done);
  RETURN_IF_ERROR(FromGrpc(client_.config(), call->status, call->context, stop_));
  return CheckApplied(client_.config(), call->response.result());
}

}  // namespace drift::qdrant
