// Budgets per day and month of UTC, for pipelines and providers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "core/ledger.h"
#include "pipeline/budget.h"

namespace drift {

struct BudgetRule {
  enum class Scope : uint8_t { kPipeline, kProvider };
  enum class Period : uint8_t { kDay, kMonth };
  Scope scope = Scope::kPipeline;
  std::string name;  // of the pipeline or provider
  Period period = Period::kDay;
  NanoUsd limit = 0;
  double soft_share = 0;  // of the limit, from which it alerts; 0: it does not
  bool operator==(const BudgetRule&) const = default;
};

struct BudgetState {
  BudgetRule rule;
  NanoUsd spent = 0;  // in this period
  NanoUsd open = 0;   // set aside for requests in flight
  bool alerting = false;
  bool exhausted = false;  // a request was refused in this period
  WallTime period_end;

  // "pipeline/docs", "provider/openai".
  std::string Scope() const;
  bool Covers(const std::string& pipeline, const std::string& provider) const;
  // "82 % of the budget of pipeline/docs is used: $4.10 of $5.00 a day; ...". One sentence.
  std::string Warning() const;
};

// Safe for concurrent use. What was spent is read from the ledger at the start of each period (and
// of the process), then kept here: the ledger has one writer, this process.
class BudgetKeeper final : public Budget {
 public:
  BudgetKeeper(Ledger& ledger, Clock& clock) : ledger_(ledger), clock_(clock) {}

  // Replaces the rules. What is in flight stays set aside.
  Status SetRules(const std::vector<BudgetRule>& rules) EXCLUDES(mu_);

  Status Reserve(const std::string& pipeline, const std::string& provider,
                 NanoUsd estimate) override EXCLUDES(mu_);
  void Settle(const std::string& pipeline, const std::string& provider, NanoUsd estimate,
              NanoUsd cost) override EXCLUDES(mu_);

  // In the order of configuration.
  std::vector<BudgetState> States() EXCLUDES(mu_);

 private:
  StatusOr<NanoUsd> SpentSince(const BudgetRule& rule, WallTime since) const;
  void RollOver(BudgetState& state, WallTime now) REQUIRES(mu_);
  void Alert(BudgetState& state) REQUIRES(mu_);

  Ledger& ledger_;
  Clock& clock_;
  Mutex mu_;
  std::vector<BudgetState> states_ GUARDED_BY(mu_);
};

}  // namespace drift
