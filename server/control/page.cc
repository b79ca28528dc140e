#include "control/page.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace drift {

StatusOr<int32_t> PageSize(int32_t asked, int32_t standard) {
  if (asked < 0) return InvalidArgument("page_size is negative");
  return asked == 0 ? standard : std::min(asked, kLongPage);
}

std::string MakePageToken(const std::string& list, const std::string& position) {
  return HexEncode(list + ":" + position);
}

StatusOr<std::string> ReadPageToken(const std::string& list, const std::string& token) {
  if (token.empty()) return std::string();
  const auto text = HexDecode(token);
  if (!text.ok() || !text->starts_with(list + ":")) {
    return InvalidArgument("page_token is not from a page of this list");
  }
  return text->substr(list.size() + 1);
}

StatusOr<int64_t> ReadNumberToken(const std::string& list, const std::string& token) {
  ASSIGN_OR_RETURN(const std::string text, ReadPageToken(list, token));
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())) {
    return InvalidArgument("page_token is not from a page of this list");
  }
  return number;
}

}  // namespace drift
