#include <fmt/core.h>

#include <ostream>

#include "client/commands.h"
#include "client/details.h"
#include "client/format.h"
#include "client/input.h"
#include "client/paging.h"
#include "client/table.h"
#include "drift/v1/pipeline.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::Pipeline;
using drift::v1::PipelineService;
using drift::v1::PipelineSpec;

std::string OriginText(const Pipeline& pipeline) {
  switch (pipeline.origin()) {
    case Pipeline::CONFIG:
      return "config";
    case Pipeline::API:
      return "applied";
    case Pipeline::FLAGS:
      return "flags";
    default:
      return "?";
  }
}

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& list) {
  std::string out;
  for (const std::string& item : list) out += (out.empty() ? "" : ", ") + item;
  return out;
}

std::string ScheduleText(const PipelineSpec& spec) {
  if (!spec.has_schedule()) return "only when asked";
  return fmt::format("every {}", DurationText(spec.schedule().every_secs()));
}

std::string ChunkingText(const PipelineSpec::Chunking& chunking) {
  if (chunking.type().empty() || chunking.type() == "none") return "none";
  return fmt::format("{}, {} tokens, {} overlapping", chunking.type(), chunking.size(),
                     chunking.overlap());
}

void PrintPause(Session& session, const Pipeline& pipeline) {
  if (!pipeline.has_pause()) return;
  Details details(session);
  details.Add("paused", fmt::format("since {}: {}", TimeText(pipeline.pause().since()),
                                    pipeline.pause().message()));
  details.Add("to do", pipeline.pause().remedy());
}

void PrintPipeline(Session& session, const Pipeline& pipeline) {
  const PipelineSpec& spec = pipeline.spec();
  session.host().out << spec.name() << "  (" << OriginText(pipeline) << ")\n";
  Details details(session);
  details.Add("source", fmt::format("{} {}", spec.source().type(), spec.source().table()));
  for (const auto& [key, value] : spec.source().storage()) {
    details.Add("", fmt::format("{}: {}", key, value));
  }
  details.Add("key", Joined(spec.key()));
  details.Add("text", spec.text().empty() ? Joined(spec.text_columns()) : spec.text());
  if (!spec.where().not_null().empty()) details.Add("not null", Joined(spec.where().not_null()));
  if (!spec.payload().empty()) details.Add("payload", Joined(spec.payload()));
  details.Add("chunking", ChunkingText(spec.chunking()));
  details.Add("model", fmt::format("{}{}", spec.model(), spec.shadow() ? " (shadow mode)" : ""));
  if (spec.dimensions() > 0) details.Add("dimensions", Count(spec.dimensions()));
  details.Add("sink", spec.sink());
  details.Add("schedule", ScheduleText(spec));
  if (spec.store_text()) details.Add("store text", "yes");
  if (spec.has_dedup() && !spec.dedup()) details.Add("dedup", "no: equal texts are embedded each");
  const PipelineSpec::Limits& limits = spec.limits();
  details.Add("limits",
              fmt::format("{} a request, {} MB in flight, {}", Count(limits.batch_size(), "text"),
                          Count(limits.max_in_flight_bytes() >> 20),
                          Count(limits.max_dead_letters(), "dead letter")));
  if (pipeline.has_create_time()) details.Add("created", TimeText(pipeline.create_time()));
  PrintPause(session, pipeline);
}

template <typename Request>
int Change(Session& session,
           grpc::Status (PipelineService::StubInterface::*method)(grpc::ClientContext*,
                                                                  const Request&, Pipeline*),
           const std::string& name, std::string_view done) {
  Request request;
  request.set_name(name);
  Pipeline pipeline;
  const grpc::Status status = session.Call<PipelineService>(method, request, &pipeline);
  if (!status.ok()) return session.Fail(status);
  if (!session.PrintedFor(pipeline)) {
    session.host().out << fmt::format("{} {}\n", pipeline.spec().name(), done);
  }
  return kExitDone;
}

}  // namespace

int PipelineList(Session& session) {
  drift::v1::ListPipelinesResponse all;
  const grpc::Status status =
      ListAll<PipelineService>(session, &PipelineService::StubInterface::List,
                               drift::v1::ListPipelinesRequest(), all, all.mutable_pipelines());
  if (!status.ok()) return session.Fail(status);
  if (session.PrintedFor(all)) return kExitDone;
  if (all.pipelines().empty()) {
    session.Note("no pipelines yet; make one with driftctl run embed or driftctl pipeline apply");
    return kExitDone;
  }
  Table table({{.name = "PIPELINE", .least = 16, .cut = Cut::kMiddle},
               {.name = "FROM", .spare = 3},
               {.name = "SOURCE", .least = 12, .cut = Cut::kMiddle, .spare = 2},
               {.name = "MODEL", .least = 12, .spare = 1},
               {.name = "SINK", .least = 12, .cut = Cut::kMiddle},
               {.name = "SCHEDULE", .spare = 4},
               {.name = "PAUSED"}});
  for (const Pipeline& pipeline : all.pipelines()) {
    table.Add({{pipeline.spec().name()},
               {OriginText(pipeline)},
               {pipeline.spec().source().table()},
               {pipeline.spec().model()},
               {ShortSink(pipeline.spec().sink())},
               {ScheduleText(pipeline.spec())},
               {pipeline.pause().reason(), Tone::kBad}});
  }
  table.Print(session.host().out, session.width(), session.color());
  return kExitDone;
}

int PipelineGet(Session& session, const std::string& name) {
  drift::v1::GetPipelineRequest request;
  request.set_name(name);
  Pipeline pipeline;
  const grpc::Status status =
      session.Call<PipelineService>(&PipelineService::StubInterface::Get, request, &pipeline);
  if (!status.ok()) return session.Fail(status);
  if (!session.PrintedFor(pipeline)) PrintPipeline(session, pipeline);
  return kExitDone;
}

int PipelineApply(Session& session, const PipelineApplyOptions& options) {
  drift::v1::ApplyPipelineRequest request;
  if (!ReadInput(session, options.file, *request.mutable_yaml()->mutable_text())) return kExitUsage;
  request.mutable_yaml()->set_file_name(options.file == "-" ? "stdin" : options.file);
  request.set_dry_run(options.dry_run);
  drift::v1::ApplyPipelineResponse response;
  const grpc::Status status =
      session.Call<PipelineService>(&PipelineService::StubInterface::Apply, request, &response);
  if (!status.ok()) return session.Fail(status);
  for (const std::string& warning : response.warnings()) session.Note("warning: " + warning);
  if (session.PrintedFor(response)) return kExitDone;
  const char* change = response.change() == drift::v1::ApplyPipelineResponse::CREATED ? "created"
                       : response.change() == drift::v1::ApplyPipelineResponse::CHANGED
                           ? "changed"
                           : "unchanged";
  session.host().out << fmt::format(
      "{} {}{}{}\n", response.pipeline().spec().name(), change,
      response.difference().empty() ? "" : ": " + response.difference(),
      options.dry_run ? " (dry run: nothing was stored)" : "");
  return kExitDone;
}

int PipelinePause(Session& session, const std::string& name) {
  return Change(session, &PipelineService::StubInterface::Pause, name, "paused");
}

int PipelineResume(Session& session, const std::string& name) {
  return Change(session, &PipelineService::StubInterface::Resume, name, "resumed");
}

int PipelineDelete(Session& session, const std::string& name, bool drop_index) {
  drift::v1::DeletePipelineRequest request;
  request.set_name(name);
  request.set_drop_index(drop_index);
  drift::v1::DeletePipelineResponse response;
  const grpc::Status status = session.Call<PipelineService>(&PipelineService::StubInterface::Delete,
                                                            request, &response, Patience::kLong);
  if (!status.ok()) return session.Fail(status);
  for (const std::string& warning : response.warnings()) session.Note("warning: " + warning);
  if (session.PrintedFor(response)) return kExitDone;
  session.host().out << (response.index_dropped()
                             ? fmt::format("{} deleted with its {}\n", response.name(),
                                           Count(response.points_deleted(), "point"))
                             : fmt::format("{} deleted; its points stay in the sink\n",
                                           response.name()));
  return kExitDone;
}

}  // namespace drift::client
