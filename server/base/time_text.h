// Times as text: RFC 3339 in UTC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace drift {

// 2026-11-20T09:14:03.000000Z; always six digits.
std::string FormatTime(WallTime time);
// The same without the Z, for times without a zone.
std::string FormatLocalTime(WallTime time);
// 2026-11-20, for days since 1970-01-01. Years outside 0..9999 get a sign or more digits.
std::string FormatDate(int32_t days);

// RFC 3339 with Z or an offset, or a plain date (midnight UTC). kInvalidArgument otherwise.
StatusOr<WallTime> ParseTime(std::string_view text);

}  // namespace drift
