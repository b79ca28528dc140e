#include "client/run_table.h"

#include <fmt/core.h>

#include <ostream>

#include "client/details.h"
#include "client/format.h"

namespace drift::client {
namespace {

using drift::v1::Run;

std::string Took(const Run& run) {
  if (!run.has_start_time()) return "";
  return DurationText(
      SecondsBetween(run.start_time(), run.has_end_time() ? run.end_time() : Now()));
}

std::string Tokens(const Run& run) {
  return fmt::format("{}{}", Count(run.tokens()), run.tokens_estimated() ? " (estimated)" : "");
}

std::string Version(int64_t version) {
  return version < 0 ? "-" : Count(version);
}

}  // namespace

Tone ToneOf(Run::State state) {
  if (state == Run::FAILED) return Tone::kBad;
  return state == Run::CANCELLED ? Tone::kCareful : Tone::kPlain;
}

void PrintRuns(Session& session, const google::protobuf::RepeatedPtrField<Run>& runs,
               bool with_pipeline) {
  std::vector<Column> columns = {{.name = "RUN"}};
  if (with_pipeline) columns.push_back({.name = "PIPELINE", .least = 16, .cut = Cut::kMiddle});
  const std::vector<Column> rest = {{.name = "MODE"},
                                    {.name = "STATE"},
                                    {.name = "VERSION", .align = Align::kRight, .spare = 3},
                                    {.name = "ROWS", .align = Align::kRight, .spare = 2},
                                    {.name = "EMBEDDED", .align = Align::kRight, .spare = 4},
                                    {.name = "REUSED", .align = Align::kRight, .spare = 5},
                                    {.name = "DEAD", .align = Align::kRight, .spare = 6},
                                    {.name = "COST", .align = Align::kRight},
                                    {.name = "QUEUED", .align = Align::kRight},
                                    {.name = "TOOK", .align = Align::kRight, .spare = 1}};
  columns.insert(columns.end(), rest.begin(), rest.end());
  Table table(columns);
  for (const Run& run : runs) {
    std::vector<Cell> row = {run.id()};
    if (with_pipeline) row.emplace_back(run.pipeline());
    const std::vector<Cell> cells = {
        {Run::Mode_Name(run.mode())},
        {Run::State_Name(run.state()), ToneOf(run.state())},
        {Version(run.to_version())},
        {Count(run.rows_read())},
        {Count(run.texts_embedded())},
        {Count(run.texts_reused())},
        {Count(run.dead_letters())},
        {Money(run.cost_usd())},
        {ShortDuration(SecondsBetween(run.queue_time(), Now())) + " ago"},
        {Took(run)}};
    row.insert(row.end(), cells.begin(), cells.end());
    table.Add(std::move(row));
  }
  table.Print(session.host().out, session.width(), session.color());
}

void PrintRun(Session& session, const Run& run) {
  std::ostream& out = session.host().out;
  out << fmt::format("{}  {} {}\n", run.id(), Run::Mode_Name(run.mode()),
                     Colored(Run::State_Name(run.state()), ToneOf(run.state()), session.color()));
  Details details(session);
  details.Add("pipeline", run.pipeline());
  details.Add("source", fmt::format("{}, version {} → {}", run.source(),
                                    Version(run.from_version()), Version(run.to_version())));
  details.Add("sink", run.sink());
  details.Add("model", run.model());
  details.Add("rows", fmt::format("{} read: {} inserted, {} updated, {} deleted, {} unchanged",
                                  Count(run.rows_read()), Count(run.rows_inserted()),
                                  Count(run.rows_updated()), Count(run.rows_deleted()),
                                  Count(run.rows_unchanged())));
  details.Add("texts",
              fmt::format("{} embedded, {} reused, {}", Count(run.texts_embedded()),
                          Count(run.texts_reused()), Count(run.dead_letters(), "dead letter")));
  details.Add("points", fmt::format("{} written, {} deleted", Count(run.points_written()),
                                    Count(run.points_deleted())));
  details.Add("provider",
              fmt::format("{}, {} tokens", Count(run.provider_requests(), "request"), Tokens(run)));
  details.Add("cost", Money(run.cost_usd()));
  if (run.has_queue_time()) details.Add("queued", TimeText(run.queue_time()));
  if (run.has_start_time()) details.Add("started", TimeText(run.start_time()));
  if (run.has_end_time()) {
    details.Add("ended", fmt::format("{}, after {}", TimeText(run.end_time()), Took(run)));
  }
  if (run.attempts() > 1) details.Add("attempts", Count(run.attempts()));
  if (!run.error().empty()) details.Add("error", run.error());
}

}  // namespace drift::client
