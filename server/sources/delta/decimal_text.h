// 128-bit decimals as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drift::delta {

using Int128 = __int128;

// unscaled × 10^-scale in canonical digits: no zeros at the end of a fraction, no sign on zero.
// REQUIRES: 0 <= scale <= 38.
std::string DecimalText(Int128 unscaled, int scale);

// The reverse: "-12.5" at scale 3 → -12500. nullopt: not a decimal number, more digits after the
// point than `scale`, or more than 38 digits in all.
std::optional<Int128> ParseDecimal(std::string_view text, int scale);

}  // namespace drift::delta
