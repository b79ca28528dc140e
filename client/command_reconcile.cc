#include <fmt/core.h>

#include <ostream>

#include "client/commands.h"
#include "client/format.h"
#include "client/input.h"
#include "client/paging.h"
#include "client/table.h"
#include "client/usage_export.h"
#include "drift/v1/cost.grpc.pb.h"

namespace drift::client {
namespace {

using drift::v1::CostReconciliation;
using drift::v1::CostRow;
using drift::v1::CostService;

std::string Signed(int64_t difference) {
  return difference > 0 ? "+" + Count(difference) : Count(difference);
}

CostReconciliation Compare(const UsageExport& usage,
                           const google::protobuf::RepeatedPtrField<CostRow>& ledger) {
  std::map<std::string, CostReconciliation::Day> days;
  for (const auto& [day, provider] : usage.days) {
    days[day].set_provider_tokens(provider.tokens);
    days[day].set_provider_requests(provider.requests);
  }
  for (const CostRow& row : ledger) {
    days[row.key()].set_ledger_tokens(row.tokens());
    days[row.key()].set_ledger_requests(row.requests());
    days[row.key()].set_tokens_estimated(row.tokens_estimated());
  }
  CostReconciliation all;
  for (auto& [day, figures] : days) {
    figures.set_day(day);
    figures.set_tokens_difference(figures.provider_tokens() - figures.ledger_tokens());
    all.set_ledger_tokens(all.ledger_tokens() + figures.ledger_tokens());
    all.set_provider_tokens(all.provider_tokens() + figures.provider_tokens());
    *all.add_days() = figures;
  }
  all.set_tokens_difference(all.provider_tokens() - all.ledger_tokens());
  return all;
}

void PrintComparison(Session& session, const CostReconciliation& all) {
  Table table({{.name = "DAY"},
               {.name = "LEDGER TOKENS", .align = Align::kRight},
               {.name = "PROVIDER TOKENS", .align = Align::kRight},
               {.name = "DIFFERENCE", .align = Align::kRight},
               {.name = "LEDGER REQUESTS", .align = Align::kRight, .spare = 1},
               {.name = "PROVIDER REQUESTS", .align = Align::kRight, .spare = 2}});
  const auto tone = [](int64_t difference) {
    return difference == 0 ? Tone::kPlain : Tone::kCareful;
  };
  for (const CostReconciliation::Day& day : all.days()) {
    table.Add({{day.day()},
               {(day.tokens_estimated() ? "~" : "") + Count(day.ledger_tokens())},
               {Count(day.provider_tokens())},
               {Signed(day.tokens_difference()), tone(day.tokens_difference())},
               {Count(day.ledger_requests())},
               {Count(day.provider_requests())}});
  }
  table.Add({{"total"},
             {Count(all.ledger_tokens())},
             {Count(all.provider_tokens())},
             {Signed(all.tokens_difference()), tone(all.tokens_difference())},
             {""},
             {""}});
  table.Print(session.host().out, session.width(), session.color());
}

}  // namespace

int CostReconcile(Session& session, const ReconcileOptions& options) {
  std::string text;
  if (!ReadInput(session, options.file, text)) return kExitUsage;
  UsageExport usage;
  std::string why;
  if (!ReadUsageExport(text, usage, why)) {
    return session.Fail(kExitUsage, fmt::format("{}: no usage export as OpenAI's API gives it: {}",
                                                options.file, why));
  }
  drift::v1::SummarizeCostsRequest request;
  request.set_by(drift::v1::SummarizeCostsRequest::DAY);
  request.set_provider(options.provider);
  *request.mutable_since() = usage.since;
  *request.mutable_until() = usage.until;
  drift::v1::SummarizeCostsResponse ledger;
  const grpc::Status status = ListAll<CostService>(session, &CostService::StubInterface::Summarize,
                                                   request, ledger, ledger.mutable_rows());
  if (!status.ok()) return session.Fail(status);
  const CostReconciliation all = Compare(usage, ledger.rows());
  if (!session.PrintedFor(all)) PrintComparison(session, all);
  return kExitDone;
}

}  // namespace drift::client
