// The vectors of shadow/<dimensions>: made of the text alone, so that a pipeline can be tried,
// measured and tested without a model, and anybody can compute what must lie in the index:
//
//   lane[0..7]   the eight 32-bit little-endian words of SHA-256(text); a word that is 0 counts as
//                0x9e3779b9
//   a step       lane ^= lane << 13; lane ^= lane >> 17; lane ^= lane << 5, in each lane
//   16 numbers   after each step: the low 16 bits of lane 0..7, then the high 16 bits of lane 0..7,
//   each
//                a signed 16-bit integer shifted right arithmetically by 2
//   the vector   the first `dimensions` numbers of step after step, each times float(1 / sqrt(sum
//   of
//                their squares)), in float
//
// All sums are of integers and exact, so every machine computes the same bits. A vector whose
// numbers are all 0 (possible in one or two dimensions) has 1 as its first.
#pragma once

#include <span>
#include <string_view>

namespace drift::shadow {

// Fills `out`, of any size from 1 on, with the unit vector of `text`.
void ShadowVector(std::string_view text, std::span<float> out);

}  // namespace drift::shadow
