// How far EstimateTokens() is off for one model, learned from what its provider bills.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"

namespace drift {

// Safe for concurrent use.
class TokenRatio {
 public:
  // An answer billed so many tokens for texts of which EstimateTokens() makes `estimated`. Later
  // answers weigh more than those of long ago.
  void Learn(int64_t estimated, int64_t billed) EXCLUDES(mu_);

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

// Those of all models that no tokenizer counts. They outlive a reload of the configuration. Safe
// for concurrent use.
class TokenRatios {
 public:
  // Of a model, provider/name; made when it is first asked for.
  std::shared_ptr<TokenRatio> Of(const std::string& model) EXCLUDES(mu_);

 private:
  Mutex mu_;
  std::map<std::string, std::shared_ptr<TokenRatio>> ratios_ GUARDED_BY(mu_);
};

}  // namespace drift
