#include "providers/token_ratio.h"

#include <algorithm>
#include <cmath>

namespace drift {
namespace {

// Evidence beyond this many tokens is halved, so that what is embedded today counts.
constexpr double kMemory = 2'000'000;
// One answer is no more evidence than this: a provider that cuts long texts bills them oddly.
constexpr double kMostOfOneAnswer = 20'000;

}  // namespace

void TokenRatio::Learn(int64_t estimated, int64_t billed) {
  if (billed <= 0 || estimated <= 0) return;
  const double ratio = std::clamp(static_cast<double>(billed) / static_cast<double>(estimated),
                                  1 / kMostRatio, kMostRatio);
  const double weight = std::min(static_cast<double>(estimated), kMostOfOneAnswer);
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

std::shared_ptr<TokenRatio> TokenRatios::Of(const std::string& model) {
  MutexLock lock(mu_);
  std::shared_ptr<TokenRatio>& ratio = ratios_[model];
  if (ratio == nullptr) ratio = std::make_shared<TokenRatio>();
  return ratio;
}

}  // namespace drift
