#include "base/rng.h"

#include <random>

namespace drift {

uint64_t Rng::Next() {
  MutexLock lock(mu_);
  return SplitMix64(state_);
}

double Rng::Uniform() {
  constexpr double kUnit = 0x1p-53;  // 53 random bits fill a double's mantissa
  return static_cast<double>(Next() >> 11) * kUnit;
}

Rng& Rng::Real() {
  static Rng rng([] {
    std::random_device device;
    return (static_cast<uint64_t>(device()) << 32) | device();
  }());
  return rng;
}

}  // namespace drift
