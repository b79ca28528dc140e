#include <fmt/core.h>

#include <ostream>

#include "client/commands.h"
#include "client/format.h"
#include "client/selector.h"
#include "client/text_width.h"
#include "drift/v1/pipeline.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::PipelineService;
using drift::v1::Plan;

std::string VersionText(const Plan& plan) {
  if (plan.from_version() < 0 || plan.from_version() == plan.to_version()) {
    return fmt::format("version {}", plan.to_version());
  }
  return fmt::format("version {} (from {})", plan.to_version(), plan.from_version());
}

std::string CostText(const Plan& plan) {
  if (plan.price_known()) return Money(plan.cost_usd());
  return plan.tokens() == 0 ? Money(0) : "unknown: no price";
}

// Two columns of figures: "  rows to embed        2,419      tokens        187,204 (exact)".
class Figures {
 public:
  explicit Figures(std::ostream& out) : out_(out) {}

  void Line(std::string_view left_name, int64_t left, std::string_view right_name = "",
            std::string_view right = "", std::string_view note = "") {
    constexpr size_t kLeftName = 16;
    constexpr size_t kLeftValue = 10;
    constexpr size_t kRightName = 12;
    constexpr size_t kRightValue = 10;
    std::string line =
        "  " + PadRight(std::string(left_name), kLeftName) + PadLeft(Count(left), kLeftValue);
    if (!right_name.empty()) {
      line += "      " + PadRight(std::string(right_name), kRightName) +
              PadLeft(std::string(right), kRightValue);
    }
    if (!note.empty()) line += fmt::format(" ({})", note);
    out_ << line << '\n';
  }

 private:
  std::ostream& out_;
};

void PrintPlan(Session& session, const Plan& plan) {
  std::ostream& out = session.host().out;
  const std::string head =
      fmt::format("{} @ {} → {}{}, {}, {} dimensions", ShortTable(plan.source()), VersionText(plan),
                  ShortSink(plan.sink()), plan.collection_exists() ? "" : " (new)", plan.model(),
                  Count(plan.dimensions()));
  out << Wrap(Printable(head), session.width(), 0) << '\n';
  Figures figures(out);
  figures.Line("rows to embed", plan.rows_to_embed(), "tokens", Count(plan.tokens()),
               plan.tokens_estimated() ? "estimated" : "exact");
  figures.Line("rows to reuse", plan.rows_to_reuse(), "cost", CostText(plan));
  if (plan.seconds() > 0) {
    figures.Line("rows unchanged", plan.rows_unchanged(), "time, about",
                 DurationText(plan.seconds()));
  } else {
    figures.Line("rows unchanged", plan.rows_unchanged());
  }
  figures.Line("rows to delete", plan.rows_to_delete());
  if (plan.rows_without_text() > 0) figures.Line("without text", plan.rows_without_text());
  if (plan.rows_dead() > 0) figures.Line("not embeddable", plan.rows_dead());
  for (const std::string& note : plan.notes()) {
    out << "  " << Wrap(Printable(note), session.width(), 2) << '\n';
  }
}

}  // namespace

int ShowPlan(Session& session, const PlanOptions& options) {
  if (NamesNothing(options.selector)) return session.Fail(kExitUsage, kNameSomething);
  drift::v1::PlanRequest request;
  *request.mutable_selector() = MakeSelector(options.selector, session.host().working_directory);
  request.set_mode(options.watch ? drift::v1::Run::WATCH : drift::v1::Run::EMBED);
  Plan plan;
  const grpc::Status status = session.Call<PipelineService>(&PipelineService::StubInterface::Plan,
                                                            request, &plan, Patience::kLong);
  if (!status.ok()) return session.Fail(status);
  if (!session.PrintedFor(plan)) PrintPlan(session, plan);
  return kExitDone;
}

}  // namespace drift::client
