#include "pipeline/budget_keeper.h"

#include <algorithm>

#include "base/log.h"
#include "base/time_text.h"
#include "core/reasons.h"

namespace drift {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::year_month_day;

WallTime PeriodBegin(BudgetRule::Period period, WallTime now) {
  const auto day = floor<days>(now);
  if (period == BudgetRule::Period::kDay) return day;
  const year_month_day date{day};
  return std::chrono::sys_days{date.year() / date.month() / 1};
}

WallTime PeriodEnd(BudgetRule::Period period, WallTime now) {
  const auto day = floor<days>(now);
  if (period == BudgetRule::Period::kDay) return day + days(1);
  const year_month_day date{day};
  return std::chrono::sys_days{(date.year() / date.month() + std::chrono::months(1)) / 1};
}

double Usd(NanoUsd nano) {
  return static_cast<double>(nano) / 1e9;
}

const char* PeriodWord(BudgetRule::Period period) {
  return period == BudgetRule::Period::kDay ? "day" : "month";
}

// Periods end at midnight.
std::string EndText(const BudgetState& state) {
  const auto days_since_1970 = floor<days>(state.period_end).time_since_epoch().count();
  return FormatDate(static_cast<int32_t>(days_since_1970)) + " 00:00 UTC";
}

// Whole cents, or all six digits that are counted.
std::string LimitText(NanoUsd limit) {
  constexpr NanoUsd kCent = 10'000'000;
  return limit % kCent == 0 ? fmt::format("${:.2f}", Usd(limit))
                            : fmt::format("${:.6f}", Usd(limit));
}

Status Exhausted(const BudgetState& state, NanoUsd estimate, WallTime now) {
  Status status = FailedPrecondition(
      "the budget of {} is used up: ${:.6f} of {} a {} spent, ${:.6f} in flight, the next "
      "request costs about ${:.6f}; it goes on at {}",
      state.Scope(), Usd(state.spent), LimitText(state.rule.limit), PeriodWord(state.rule.period),
      Usd(state.open), Usd(estimate), EndText(state));
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(state.period_end - now);
  return WithRetryAfter(WithReason(std::move(status), reason::kBudgetExhausted), wait);
}

}  // namespace

std::string BudgetState::Scope() const {
  return (rule.scope == BudgetRule::Scope::kPipeline ? "pipeline/" : "provider/") + rule.name;
}

bool BudgetState::Covers(const std::string& pipeline, const std::string& provider) const {
  return rule.name == (rule.scope == BudgetRule::Scope::kPipeline ? pipeline : provider);
}

std::string BudgetState::Warning() const {
  return fmt::format(
      "{:.0f} % of the budget of {} is used: ${:.2f} of ${:.2f} a {}; at the limit it "
      "pauses until {}",
      100 * Usd(spent) / std::max(Usd(rule.limit), 1e-9), Scope(), Usd(spent), Usd(rule.limit),
      PeriodWord(rule.period), EndText(*this));
}

StatusOr<NanoUsd> BudgetKeeper::SpentSince(const BudgetRule& rule, WallTime since) const {
  CostFilter filter;
  filter.by = CostGroup::kProvider;
  filter.since = since;
  (rule.scope == BudgetRule::Scope::kPipeline ? filter.pipeline : filter.provider) = rule.name;
  ASSIGN_OR_RETURN(const std::vector<CostRow> rows, ledger_.SumCosts(filter));
  NanoUsd sum = 0;
  for (const CostRow& row : rows) sum += row.cost;
  return sum;
}

Status BudgetKeeper::SetRules(const std::vector<BudgetRule>& rules) {
  const WallTime now = clock_.Now();
  std::vector<BudgetState> states;
  for (const BudgetRule& rule : rules) {
    BudgetState& state = states.emplace_back();
    state.rule = rule;
    state.period_end = PeriodEnd(rule.period, now);
    ASSIGN_OR_RETURN(state.spent, SpentSince(rule, PeriodBegin(rule.period, now)));
  }
  MutexLock lock(mu_);
  for (BudgetState& state : states) {
    for (const BudgetState& old : states_) {
      if (old.rule.scope != state.rule.scope || old.rule.name != state.rule.name) continue;
      // Requests in flight are open in the ledger too, at the same estimate.
      state.open = old.open;
      state.spent = std::max<NanoUsd>(0, state.spent - old.open);
      break;
    }
  }
  states_ = std::move(states);
  return OkStatus();
}

void BudgetKeeper::RollOver(BudgetState& state, WallTime now) {
  if (now < state.period_end) return;
  state.spent = 0;
  state.alerting = false;
  state.exhausted = false;
  state.period_end = PeriodEnd(state.rule.period, now);
}

void BudgetKeeper::Alert(BudgetState& state) {
  if (state.alerting || state.rule.soft_share <= 0) return;
  if (Usd(state.spent) < Usd(state.rule.limit) * state.rule.soft_share) return;
  state.alerting = true;
  LogWarn("a budget is nearly used up", {{"scope", state.Scope()},
                                         {"spent_usd", Usd(state.spent)},
                                         {"limit_usd", Usd(state.rule.limit)},
                                         {"until", EndText(state)}});
}

Status BudgetKeeper::Reserve(const std::string& pipeline, const std::string& provider,
                             NanoUsd estimate) {
  MutexLock lock(mu_);
  const WallTime now = clock_.Now();
  for (BudgetState& state : states_) {
    if (!state.Covers(pipeline, provider)) continue;
    RollOver(state, now);
    if (state.spent + state.open + estimate <= state.rule.limit) continue;
    state.exhausted = true;
    return Exhausted(state, estimate, now);
  }
  for (BudgetState& state : states_) {
    if (state.Covers(pipeline, provider)) state.open += estimate;
  }
  return OkStatus();
}

void BudgetKeeper::Settle(const std::string& pipeline, const std::string& provider,
                          NanoUsd estimate, NanoUsd cost) {
  MutexLock lock(mu_);
  const WallTime now = clock_.Now();
  for (BudgetState& state : states_) {
    if (!state.Covers(pipeline, provider)) continue;
    RollOver(state, now);
    state.open = std::max<NanoUsd>(0, state.open - estimate);
    state.spent += cost;
    Alert(state);
  }
}

std::vector<BudgetState> BudgetKeeper::States() {
  MutexLock lock(mu_);
  for (BudgetState& state : states_) {
    RollOver(state, clock_.Now());
    Alert(state);
  }
  return states_;
}

}  // namespace drift
