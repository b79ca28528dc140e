// How long a server asks us to wait, in all the ways servers say it.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "net/http.h"

namespace drift {

// "2.812s", "6m0s", "12ms", "1h2m3s": a duration at the start of `text`, with what follows ignored.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

// "Wed, 21 Oct 2026 07:28:00 GMT" (RFC 9110, IMF-fixdate).
std::optional<WallTime> ParseHttpDate(std::string_view text);

// The first of these that is there and positive:
//   retry-after-ms              milliseconds
//   retry-after                 seconds, with a fraction or without, or an HTTP date
//   `in_body`                   what the protocol has a field for
//   "try again in 2.812s", "retry after 6 seconds"
//                               in the message of an error body
//   x-ratelimit-reset-requests, -tokens, -project-tokens
//                               of those whose x-ratelimit-remaining-... is 0, the longest
//   x-ratelimit-reset           a time, or a duration
// nullopt: it does not say. Never more than an hour: a longer wait is asked about again.
std::optional<std::chrono::milliseconds> FindRetryAfter(
    const HttpHeaders& headers, std::optional<std::chrono::milliseconds> in_body,
    std::string_view message, WallTime now);

}  // namespace drift
