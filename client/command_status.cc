#include <fmt/core.h>

#include <ostream>

#include "client/commands.h"
#include "client/format.h"
#include "client/run_table.h"
#include "client/table.h"
#include "drift/v1/pipeline.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::PipelineService;
using drift::v1::Run;
using drift::v1::Status;

constexpr int32_t kDefaultRuns = 5;

Tone ToneOf(Status::State state) {
  if (state == Status::PAUSED) return Tone::kBad;
  return state == Status::BACKING_OFF ? Tone::kCareful : Tone::kPlain;
}

// "0", "7 (2 h)", "?"
std::string BehindText(const Status& status) {
  if (status.lag_versions() < 0) return "?";
  if (status.lag_versions() == 0) return "0";
  return fmt::format("{} ({})", Count(status.lag_versions()), ShortDuration(status.lag_seconds()));
}

std::string LastRunText(const Status& status) {
  if (status.last_run_id().empty()) return "never";
  const std::string ago = ShortDuration(SecondsBetween(status.last_run_time(), Now())) + " ago";
  switch (status.last_run_state()) {
    case Run::SUCCEEDED:
      return ago + "  ok";
    case Run::FAILED:
      return ago + "  failed";
    case Run::CANCELLED:
      return ago + "  cancelled";
    case Run::QUEUED:
      return ago + "  queued";
    default:
      return ago + "  running";
  }
}

// Why a pipeline does not go on by itself, and what to do.
void PrintReason(Session& session, const Status& status) {
  if (status.message().empty() && status.remedy().empty()) return;
  const std::string line = Printable(
      fmt::format("{}: {}", status.pipeline(), Sentences(status.message(), status.remedy())));
  session.host().out << "  " << Wrap(line, session.width(), 2) << '\n';
}

void PrintStatuses(Session& session, const drift::v1::StatusResponse& response, bool with_runs) {
  Table table({{.name = "PIPELINE", .least = 16, .cut = Cut::kMiddle},
               {.name = "STATE"},
               {.name = "VERSION", .align = Align::kRight, .spare = 2},
               {.name = "BEHIND", .align = Align::kRight},
               {.name = "ROWS", .align = Align::kRight, .spare = 3},
               {.name = "DEAD", .align = Align::kRight, .spare = 4},
               {.name = "LAST RUN", .align = Align::kRight, .spare = 1},
               {.name = "COST TODAY", .align = Align::kRight, .spare = 5}});
  for (const Status& status : response.pipelines()) {
    table.Add(
        {{status.pipeline()},
         {Status::State_Name(status.state()), ToneOf(status.state())},
         {status.version() < 0 ? "-" : fmt::format("{}", status.version())},
         {BehindText(status)},
         {Count(status.rows())},
         {Count(status.dead_letters()), status.dead_letters() > 0 ? Tone::kCareful : Tone::kPlain},
         {LastRunText(status)},
         {Money(status.cost_usd_today())}});
  }
  table.Print(session.host().out, session.width(), session.color());
  for (const Status& status : response.pipelines()) PrintReason(session, status);
  if (!with_runs) return;
  for (const Status& status : response.pipelines()) {
    session.host().out << fmt::format("\nlast runs of {}:\n", status.pipeline());
    if (status.recent_runs().empty()) {
      session.host().out << "  none\n";
    } else {
      PrintRuns(session, status.recent_runs(), false);
    }
  }
}

}  // namespace

int ShowStatus(Session& session, const StatusOptions& options) {
  // One pipeline or one sink is looked at more closely.
  const bool with_runs =
      options.limit.has_value() || !options.sink.empty() || !options.pipeline.empty();
  drift::v1::StatusRequest request;
  request.set_pipeline(options.pipeline);
  request.set_sink(options.sink);
  request.set_refresh(true);
  if (with_runs) request.set_runs(options.limit.value_or(kDefaultRuns));
  drift::v1::StatusResponse response;
  const grpc::Status status =
      session.Call<PipelineService>(&PipelineService::StubInterface::Status, request, &response);
  if (!status.ok()) return session.Fail(status);
  if (session.PrintedFor(response)) return kExitDone;
  if (response.pipelines().empty()) {
    session.Note(
        options.sink.empty()
            ? "no pipelines yet; make one with driftctl run embed or driftctl pipeline apply"
            : fmt::format("no pipeline writes to {}", options.sink));
    return kExitDone;
  }
  PrintStatuses(session, response, with_runs);
  return kExitDone;
}

}  // namespace drift::client
