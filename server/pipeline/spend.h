// What a run has asked of a provider so far. Counted where the requests are made, read by the run.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/ledger_types.h"

namespace drift {

// Safe for concurrent use.
struct RunSpend {
  std::atomic<int64_t> requests{0};
  std::atomic<int64_t> texts{0};  // answered with a vector
  std::atomic<int64_t> tokens{0};
  std::atomic<bool> tokens_estimated{false};
  // The weakest source of `tokens`, and what was guessed of them (see RequestRecord).
  std::atomic<TokenSource> token_source{TokenSource::kProvider};
  std::atomic<int64_t> guessed_tokens{0};
  std::atomic<NanoUsd> cost{0};
};

}  // namespace drift
