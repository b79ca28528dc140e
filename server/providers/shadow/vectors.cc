#include "providers/shadow/vectors.h"

#include <cmath>
#include <cstdint>

#include "base/hash.h"

namespace drift::shadow {
namespace {

constexpr size_t kLanes = 8;
constexpr size_t kBlock = 2 * kLanes;
constexpr uint32_t kInsteadOfZero = 0x9e3779b9;  // xorshift never leaves 0

// Plain loops over eight lanes, which the compiler turns into vector instructions.
struct Lanes {
  uint32_t word[kLanes];
};

Lanes Seed(std::string_view text) {
  const Sha256Digest digest = Sha256(text);
  Lanes lanes;
  for (size_t i = 0; i < kLanes; ++i) {
    const uint8_t* byte = &digest[i * 4];
    const uint32_t word = byte[0] | byte[1] << 8 | byte[2] << 16 | uint32_t{byte[3]} << 24;
    lanes.word[i] = word == 0 ? kInsteadOfZero : word;
  }
  return lanes;
}

void Step(Lanes& lanes, int32_t* block) {
  for (size_t i = 0; i < kLanes; ++i) {
    uint32_t x = lanes.word[i];
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    lanes.word[i] = x;
    block[i] = static_cast<int32_t>(x << 16) >> 18;
    block[kLanes + i] = static_cast<int32_t>(x) >> 18;
  }
}

}  // namespace

void ShadowVector(std::string_view text, std::span<float> out) {
  Lanes lanes = Seed(text);
  int32_t block[kBlock];
  int64_t squares = 0;
  size_t done = 0;
  for (; done + kBlock <= out.size(); done += kBlock) {
    Step(lanes, block);
    int32_t sum = 0;  // 16 squares of at most 2^26
    for (size_t i = 0; i < kBlock; ++i) {
      out[done + i] = static_cast<float>(block[i]);
      sum += block[i] * block[i];
    }
    squares += sum;
  }
  if (done < out.size()) {
    Step(lanes, block);
    for (size_t i = 0; done + i < out.size(); ++i) {
      out[done + i] = static_cast<float>(block[i]);
      squares += int64_t{block[i]} * block[i];
    }
  }
  if (squares == 0) {
    out[0] = 1;
    return;
  }
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(squares)));
  for (float& x : out) x *= scale;
}

}  // namespace drift::shadow
