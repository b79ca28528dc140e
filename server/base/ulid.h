// ULIDs: 26 characters that sort by time. Run ids.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/rng.h"

namespace drift {

// 48 bits of milliseconds, 80 random bits, in Crockford's base 32.
std::string MakeUlid(WallTime now, Rng& rng);

}  // namespace drift
