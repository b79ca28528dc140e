#include "base/ulid.h"

namespace drift {

std::string MakeUlid(WallTime now, Rng& rng) {
  constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr int kTimeDigits = 10;
  constexpr int kRandomDigits = 16;
  std::string out(kTimeDigits + kRandomDigits, '0');
  auto ms = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  for (int i = kTimeDigits - 1; i >= 0; --i, ms >>= 5) out[i] = kAlphabet[ms & 31];
  uint64_t bits = 0;
  for (int i = 0; i < kRandomDigits; ++i, bits >>= 5) {
    if (i % 12 == 0) bits = rng.Next();  // 60 of 64 bits used per draw
    out[kTimeDigits + i] = kAlphabet[bits & 31];
  }
  return out;
}

}  // namespace drift
