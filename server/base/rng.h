// Randomness for jitter, ids and sampling; never for secrets. Injected, so that tests can seed it.
#pragma once

#include <cstdint>

#include "base/mutex.h"

namespace drift {

// Safe for concurrent use. SplitMix64 (Steele, Lea, Flood 2014): 8 bytes of state, good enough to
// spread load.
class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}

  uint64_t Next() EXCLUDES(mu_);
  // Uniform in [0, 1).
  double Uniform() EXCLUDES(mu_);

  // Seeded from the operating system; lives as long as the process.
  static Rng& Real();

 private:
  Mutex mu_;
  uint64_t state_ GUARDED_BY(mu_);
};

// One step of SplitMix64 over `state`: for callers that keep their own state and need no lock.
inline uint64_t SplitMix64(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace drift
