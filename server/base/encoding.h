// Hex and base64.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace drift {

std::string HexEncode(std::string_view bytes);
StatusOr<std::string> HexDecode(std::string_view text);

// RFC 4648 section 4, with padding.
std::string Base64Encode(std::string_view bytes);
// Padding may be missing; white space may not occur.
StatusOr<std::string> Base64Decode(std::string_view text);

}  // namespace drift
