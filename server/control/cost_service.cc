#include "control/convert.h"
#include "control/page.h"
#include "control/services.h"
#include "control/status_convert.h"
#include "drift/v1/cost.grpc.pb.h"

namespace drift {
namespace {

v1::Budget BudgetToProto(const BudgetState& state) {
  v1::Budget out;
  const BudgetRule& rule = state.rule;
  out.set_scope(state.Scope());
  out.set_period(rule.period == BudgetRule::Period::kDay ? v1::Budget::DAY : v1::Budget::MONTH);
  out.set_limit_usd(ToUsd(rule.limit));
  out.set_soft_share(rule.soft_share);
  out.set_spent_usd(ToUsd(state.spent));
  out.set_open_usd(ToUsd(state.open));
  out.set_state(state.exhausted  ? v1::Budget::EXHAUSTED
                : state.alerting ? v1::Budget::ALERTING
                                 : v1::Budget::WITHIN);
  SetTime(state.period_end, out.mutable_period_end());
  return out;
}

class CostServiceImpl final : public v1::CostService::Service {
 public:
  explicit CostServiceImpl(const ControlParts& parts) : parts_(parts) {}

  grpc::Status Summarize(grpc::ServerContext*, const v1::SummarizeCostsRequest* request,
                         v1::SummarizeCostsResponse* response) override {
    const auto size = PageSize(request->page_size(), kLongPage);
    if (!size.ok()) return ToGrpc(size.status());
    const auto after = ReadPageToken("costs", request->page_token());
    if (!after.ok()) return ToGrpc(after.status());
    CostFilter filter;
    filter.by = static_cast<CostGroup>(std::max(0, static_cast<int>(request->by()) - 1));
    if (request->has_since()) filter.since = FromProto(request->since());
    if (request->has_until()) filter.until = FromProto(request->until());
    filter.pipeline = request->pipeline();
    filter.provider = request->provider();
    filter.limit = *size;
    filter.after_key = *after;
    const auto rows = parts_.ledger.SumCosts(filter);
    if (!rows.ok()) return ToGrpc(rows.status());
    for (const CostRow& row : *rows) *response->add_rows() = ToProto(row);
    if (static_cast<int32_t>(rows->size()) == *size) {
      response->set_next_page_token(MakePageToken("costs", rows->back().key));
    }
    return grpc::Status::OK;
  }

  grpc::Status Budgets(grpc::ServerContext*, const v1::ListBudgetsRequest*,
                       v1::ListBudgetsResponse* response) override {
    for (const BudgetState& state : parts_.budgets.States()) {
      *response->add_budgets() = BudgetToProto(state);
    }
    return grpc::Status::OK;
  }

 private:
  const ControlParts parts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeCostService(const ControlParts& parts) {
  return std::make_unique<CostServiceImpl>(parts);
}

}  // namespace drift
