#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <ostream>

#include "client/commands.h"
#include "client/format.h"
#include "client/paging.h"
#include "client/table.h"
#include "drift/v1/cost.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::Budget;
using drift::v1::CostRow;
using drift::v1::CostService;
using drift::v1::SummarizeCostsRequest;

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

bool ReadTime(Session& session, std::string_view flag, const std::string& text,
              google::protobuf::Timestamp* time, int& code) {
  const auto parsed = ParseTimePoint(text);
  if (!parsed) {
    code = session.Fail(
        kExitUsage, fmt::format("{} {}: write a day (2026-11-20), a time (2026-11-20T09:00:00Z) "
                                "or how long ago (24h, 7d)",
                                flag, text));
    return false;
  }
  *time = *parsed;
  return true;
}

std::string KeyText(const CostRow& row, SummarizeCostsRequest::Group by) {
  return row.key().empty() && by == SummarizeCostsRequest::RUN ? "(searches)" : row.key();
}

std::string TokensText(const CostRow& row) {
  return (row.tokens_estimated() ? "~" : "") + Count(row.tokens());
}

void PrintCosts(Session& session, const drift::v1::SummarizeCostsResponse& costs,
                SummarizeCostsRequest::Group by) {
  Table table({{.name = SummarizeCostsRequest::Group_Name(by), .least = 16, .cut = Cut::kMiddle},
               {.name = "RUNS", .align = Align::kRight, .spare = 2},
               {.name = "REQUESTS", .align = Align::kRight, .spare = 3},
               {.name = "TEXTS", .align = Align::kRight, .spare = 1},
               {.name = "TOKENS", .align = Align::kRight},
               {.name = "COST", .align = Align::kRight}});
  CostRow total;
  for (const CostRow& row : costs.rows()) {
    table.Add({{KeyText(row, by)},
               {Count(row.runs())},
               {Count(row.requests())},
               {Count(row.texts())},
               {TokensText(row)},
               {Money(row.cost_usd())}});
    total.set_requests(total.requests() + row.requests());
    total.set_texts(total.texts() + row.texts());
    total.set_tokens(total.tokens() + row.tokens());
    total.set_tokens_estimated(total.tokens_estimated() || row.tokens_estimated());
    total.set_cost_usd(total.cost_usd() + row.cost_usd());
  }
  // A run may be in several rows: their sum means nothing.
  if (costs.rows_size() > 1) {
    table.Add({{"total"},
               {""},
               {Count(total.requests())},
               {Count(total.texts())},
               {TokensText(total)},
               {Money(total.cost_usd())}});
  }
  table.Print(session.host().out, session.width(), session.color());
  if (total.tokens_estimated()) session.Note("~ some of it is an estimate");
}

void PrintBudgets(Session& session, const google::protobuf::RepeatedPtrField<Budget>& budgets) {
  for (const Budget& budget : budgets) {
    std::string line =
        fmt::format("budget of {}: {} of {} this {}", budget.scope(),
                    Money(budget.spent_usd() + budget.open_usd()), Money(budget.limit_usd()),
                    budget.period() == Budget::MONTH ? "month" : "day");
    if (budget.state() == Budget::EXHAUSTED) {
      line += fmt::format("; used up until {}", TimeText(budget.period_end()));
    } else if (budget.state() == Budget::ALERTING) {
      line += fmt::format("; beyond {:.0f} %", budget.soft_share() * 100);
    }
    const Tone tone = budget.state() == Budget::EXHAUSTED  ? Tone::kBad
                      : budget.state() == Budget::ALERTING ? Tone::kCareful
                                                           : Tone::kPlain;
    session.host().out << Colored(line, tone, session.color()) << '\n';
  }
}

}  // namespace

int ShowCost(Session& session, const CostOptions& options) {
  SummarizeCostsRequest request;
  SummarizeCostsRequest::Group by = SummarizeCostsRequest::MODEL;
  SummarizeCostsRequest::Group_Parse(Upper(options.by), &by);
  request.set_by(by);
  request.set_pipeline(options.pipeline);
  request.set_provider(options.provider);
  int code = kExitDone;
  if (!options.since.empty() &&
      !ReadTime(session, "--since", options.since, request.mutable_since(), code)) {
    return code;
  }
  if (!options.until.empty() &&
      !ReadTime(session, "--until", options.until, request.mutable_until(), code)) {
    return code;
  }
  drift::v1::SummarizeCostsResponse costs;
  const grpc::Status status = ListAll<CostService>(session, &CostService::StubInterface::Summarize,
                                                   request, costs, costs.mutable_rows());
  if (!status.ok()) return session.Fail(status);
  if (session.PrintedFor(costs)) return kExitDone;
  if (costs.rows().empty()) {
    session.Note("nothing was asked of a provider in that time");
  } else {
    PrintCosts(session, costs, by);
  }
  drift::v1::ListBudgetsResponse budgets;
  const grpc::Status asked = session.Call<CostService>(&CostService::StubInterface::Budgets,
                                                       drift::v1::ListBudgetsRequest(), &budgets);
  if (!asked.ok()) return session.Fail(asked);
  PrintBudgets(session, budgets.budgets());
  return kExitDone;
}

}  // namespace drift::client
