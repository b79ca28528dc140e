// Pages of lists: page_size and page_token.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace drift {

constexpr int32_t kLongPage = 1000;  // the most a caller gets

// 0: `standard`; more than kLongPage is kLongPage. kInvalidArgument: negative.
StatusOr<int32_t> PageSize(int32_t asked, int32_t standard = 100);

// Tokens are opaque to callers and bound to one list ("runs"), so that one of another list is
// noticed. kInvalidArgument: not a token of this list.
std::string MakePageToken(const std::string& list, const std::string& position);
StatusOr<std::string> ReadPageToken(const std::string& list, const std::string& token);
StatusOr<int64_t> ReadNumberToken(const std::string& list, const std::string& token);

}  // namespace drift
