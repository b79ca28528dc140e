// Whether there is money left for a request. Checked before each one against what has been spent in
// the period, what is in flight, and the request itself.
#pragma once

#include <string>

#include "base/status.h"
#include "core/ledger_types.h"

namespace drift {

// Safe for concurrent use.
class Budget {
 public:
  virtual ~Budget() = default;
  // Sets `estimate` aside. kFailedPrecondition BUDGET_EXHAUSTED with the limit, what is spent and
  // when the next period begins; nothing is set aside then.
  virtual Status Reserve(const std::string& pipeline, const std::string& provider,
                         NanoUsd estimate) = 0;
  // The request is over: `estimate` is given back, `cost` is spent.
  virtual void Settle(const std::string& pipeline, const std::string& provider, NanoUsd estimate,
                      NanoUsd cost) = 0;
};

}  // namespace drift
