// What an answer's headers say of the account's quota, in all the ways servers say it.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "core/embedder.h"
#include "net/http.h"

namespace drift {

// When a window is full again: "1s", "6m0s", "12ms", seconds as a bare number, or a time as seconds
// (milliseconds, from 1e12 on) since 1970. Never negative, at most a day.
std::optional<std::chrono::milliseconds> ParseReset(std::string_view text, WallTime now);

// x-ratelimit-limit-, -remaining- and -reset- of requests, tokens, project-tokens and inputs. Where
// there are both tokens and project-tokens, the smaller limit, the smaller rest and its reset.
// Without a unit (x-ratelimit-remaining) requests are meant. What is absent, negative or no number
// stays empty.
RateHint ReadRateHint(const HttpHeaders& headers, WallTime now);

}  // namespace drift
