#include "base/retry.h"

#include <algorithm>
#include <cmath>

namespace drift {

std::optional<std::chrono::milliseconds> Backoff::After(const Status& error) {
  if (!IsRetryable(error)) return std::nullopt;
  const auto told = RetryAfter(error);
  const bool free_retry = error.code() == StatusCode::kResourceExhausted && told;
  if (!free_retry) ++failures_;
  if (options_.max_attempts && failures_ >= *options_.max_attempts) return std::nullopt;
  if (told) {
    constexpr double kSpread = 0.1;
    return std::chrono::milliseconds(
        static_cast<int64_t>(told->count() * (1.0 + kSpread * rng_.Uniform())) + 1);
  }
  const double ceiling =
      std::min(static_cast<double>(options_.most.count()),
               options_.first.count() * std::pow(options_.factor, std::max(0, failures_ - 1)));
  return std::chrono::milliseconds(static_cast<int64_t>(ceiling * (0.5 + 0.5 * rng_.Uniform())));
}

}  // namespace drift
