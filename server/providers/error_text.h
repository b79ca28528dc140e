// What of a server's own words may be repeated in a message.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace drift {

// `message` as one line of at most 300 bytes, without control characters. Empty if it repeats part
// of one of `texts` or the key: some servers quote their input, and neither may reach a log.
std::string Quotable(std::string_view message, std::span<const std::string> texts,
                     std::string_view key);

}  // namespace drift
