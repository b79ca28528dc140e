// What tests/conformance/ledger_child.cc writes into a ledger.
#pragma once

#include <fmt/core.h>

#include <string>

#include "core/ledger_types.h"

namespace drift::testing {

inline constexpr int kLedgerChildRows = 500;  // per batch
inline constexpr int kLedgerChildBatches = 100'000;

inline TargetKey LedgerChildTarget() {
  return {"docs", "shadow/8", "shadow-8", 8, "sqlite:///i.db"};
}
inline std::string LedgerChildKey(int batch, int row) {
  return fmt::format("[{},{}]", row, batch);
}
inline Sha256Digest LedgerChildText(int batch, int row) {
  return Sha256(fmt::format("text {} of {}", row, batch));
}

}  // namespace drift::testing
