// How far EstimateTokens() is off for one model, learned from what its provider bills.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/mutex.h"

namespace drift {

// Safe for concurrent use.
class TokenRatio {
 public:
  // An answer billed `tokens` for these texts. Later answers weigh more than those of long ago.
  void Learn(std::span<const std::string> texts, int64_t tokens) EXCLUDES(mu_);

  // `estimate` tokens as the provider would bill them; at least 1 where `estimate` is. Never more
  // than kMostRatio off: one odd answer must not spoil all estimates.
  int64_t Apply(int64_t estimate) const EXCLUDES(mu_);
  double value() const EXCLUDES(mu_);

  static constexpr double kMostRatio = 4;

 private:
  mutable Mutex mu_;
  // Before anything is learned, some tokens' worth of evidence that the estimate is right.
  double estimated_ GUARDED_BY(mu_) = 1'000;
  double billed_ GUARDED_BY(mu_) = 1'000;
};

}  // namespace drift
