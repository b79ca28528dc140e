// A daemon in the test's own process: real gRPC on a loopback port, answers as the test says.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "drift/v1/cost.grpc.pb.h"
#include "drift/v1/dead_letter.grpc.pb.h"
#include "drift/v1/model.grpc.pb.h"
#include "drift/v1/pipeline.grpc.pb.h"
#include "drift/v1/provenance.grpc.pb.h"
#include "drift/v1/run.grpc.pb.h"
#include "drift/v1/search.grpc.pb.h"
#include "drift/v1/server.grpc.pb.h"

namespace drift::client {

// One method: what it answers, and the requests it got. UNIMPLEMENTED until `answer` is set.
template <typename Request, typename Response>
class FakeMethod {
 public:
  using Answer = std::function<grpc::Status(const Request&, Response&)>;

  void Set(Answer answer) {
    const std::lock_guard lock(mu_);
    answer_ = std::move(answer);
  }
  // Always this.
  void Set(const Response& response) {
    Set([response](const Request&, Response& out) {
      out = response;
      return grpc::Status();
    });
  }
  void Fail(grpc::StatusCode code, const std::string& message) {
    Set([=](const Request&, Response&) { return grpc::Status(code, message); });
  }

  std::vector<Request> requests() const {
    const std::lock_guard lock(mu_);
    return requests_;
  }

  grpc::Status Call(const Request* request, Response* response) {
    Answer answer;
    {
      const std::lock_guard lock(mu_);
      requests_.push_back(*request);
      answer = answer_;
    }
    return answer ? answer(*request, *response) : grpc::Status(grpc::UNIMPLEMENTED, "not set");
  }

 private:
  mutable std::mutex mu_;
  Answer answer_;
  std::vector<Request> requests_;
};

#define FAKE_METHOD(Service, Method, Request, Response)                                         \
  FakeMethod<v1::Request, v1::Response> Method##_;                                              \
  grpc::Status Method(grpc::ServerContext*, const v1::Request* request, v1::Response* response) \
      override {                                                                                \
    return Method##_.Call(request, response);                                                   \
  }

struct FakePipelines : v1::PipelineService::Service {
  FAKE_METHOD(PipelineService, List, ListPipelinesRequest, ListPipelinesResponse)
  FAKE_METHOD(PipelineService, Get, GetPipelineRequest, Pipeline)
  FAKE_METHOD(PipelineService, Apply, ApplyPipelineRequest, ApplyPipelineResponse)
  FAKE_METHOD(PipelineService, Delete, DeletePipelineRequest, DeletePipelineResponse)
  FAKE_METHOD(PipelineService, Pause, PausePipelineRequest, Pipeline)
  FAKE_METHOD(PipelineService, Resume, ResumePipelineRequest, Pipeline)
  FAKE_METHOD(PipelineService, Plan, PlanRequest, Plan)
  FAKE_METHOD(PipelineService, Status, StatusRequest, StatusResponse)
};

struct FakeRuns : v1::RunService::Service {
  using Stream = std::function<grpc::Status(const v1::FollowRunRequest&, grpc::ServerContext&,
                                            grpc::ServerWriter<v1::RunProgress>&)>;
  FAKE_METHOD(RunService, Start, StartRunRequest, StartRunResponse)
  FAKE_METHOD(RunService, Get, GetRunRequest, Run)
  FAKE_METHOD(RunService, List, ListRunsRequest, ListRunsResponse)
  FAKE_METHOD(RunService, Cancel, CancelRunRequest, Run)
  grpc::Status Follow(grpc::ServerContext* context, const v1::FollowRunRequest* request,
                      grpc::ServerWriter<v1::RunProgress>* writer) override {
    return Follow_(*request, *context, *writer);
  }
  Stream Follow_;
};

struct FakeCosts : v1::CostService::Service {
  FAKE_METHOD(CostService, Summarize, SummarizeCostsRequest, SummarizeCostsResponse)
  FAKE_METHOD(CostService, Budgets, ListBudgetsRequest, ListBudgetsResponse)
};

struct FakeProvenance : v1::ProvenanceService::Service {
  FAKE_METHOD(ProvenanceService, Get, GetProvenanceRequest, Provenance)
  FAKE_METHOD(ProvenanceService, List, ListProvenanceRequest, ListProvenanceResponse)
};

struct FakeDeadLetters : v1::DeadLetterService::Service {
  FAKE_METHOD(DeadLetterService, List, ListDeadLettersRequest, ListDeadLettersResponse)
  FAKE_METHOD(DeadLetterService, Get, GetDeadLetterRequest, DeadLetter)
  FAKE_METHOD(DeadLetterService, Replay, ReplayDeadLettersRequest, Run)
  FAKE_METHOD(DeadLetterService, Discard, DiscardDeadLettersRequest, DiscardDeadLettersResponse)
};

struct FakeSearch : v1::SearchService::Service {
  FAKE_METHOD(SearchService, Search, SearchRequest, SearchResponse)
};

struct FakeModels : v1::ModelService::Service {
  FAKE_METHOD(ModelService, List, ListModelsRequest, ListModelsResponse)
};

struct FakeServer : v1::ServerService::Service {
  FAKE_METHOD(ServerService, Get, GetServerRequest, Server)
};

#undef FAKE_METHOD

class FakeDaemon {
 public:
  FakeDaemon() { Start(); }
  ~FakeDaemon() { Stop(); }

  // On the port it had before, or any free one.
  void Start();
  void Stop();
  // From within a call: cuts all connections, waits for nothing.
  void StopAtOnce() { listening_->Shutdown(std::chrono::system_clock::now()); }
  std::string address() const;

  FakePipelines pipelines;
  FakeRuns runs;
  FakeCosts costs;
  FakeProvenance provenance;
  FakeDeadLetters dead_letters;
  FakeSearch search;
  FakeModels models;
  FakeServer server;

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> listening_;
};

}  // namespace drift::client
