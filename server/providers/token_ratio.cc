#include "providers/token_ratio.h"

#include <algorithm>
#include <cmath>

#include "providers/token_counters.h"

namespace drift {
namespace {

// Evidence beyond this many tokens is halved, so that what is embedded today counts.
constexpr double kMemory = 2'000'000;
// One answer is no more evidence than this: a provider that cuts long texts bills them oddly.
constexpr double kMostOfOneAnswer = 20'000;

}  // namespace

void TokenRatio::Learn(std::span<const std::string> texts, int64_t tokens) {
  if (tokens <= 0) return;
  double estimated = 0;
  for (const std::string& text : texts) estimated += static_cast<double>(EstimateTokens(text));
  if (estimated == 0) return;
  const double ratio =
      std::clamp(static_cast<double>(tokens) / estimated, 1 / kMostRatio, kMostRatio);
  const double weight = std::min(estimated, kMostOfOneAnswer);
  MutexLock lock(mu_);
  estimated_ += weight;
  billed_ += weight * ratio;
  if (estimated_ > kMemory) {
    estimated_ /= 2;
    billed_ /= 2;
  }
}

double TokenRatio::value() const {
  MutexLock lock(mu_);
  return std::clamp(billed_ / estimated_, 1 / kMostRatio, kMostRatio);
}

int64_t TokenRatio::Apply(int64_t estimate) const {
  const auto scaled = std::llround(static_cast<double>(estimate) * value());
  return std::max<int64_t>(std::min<int64_t>(estimate, 1), scaled);
}

}  // namespace drift
