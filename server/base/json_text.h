// Writing JSON text by hand where a document tree would be waste. Reading is net/json's.
#pragma once

#include <string>
#include <string_view>

namespace drift {

// Appends `text` as a JSON string with its quotes. Control characters, quote and backslash are
// escaped; everything else is copied, so UTF-8 stays UTF-8. Bytes that are not UTF-8 become U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

// Appends the number as ECMAScript prints it (RFC 8785): shortest digits that read back as the same
// number, "1e+21" only from 1e21 on, "1e-7" only below 1e-6. NaN and the infinities are appended as
// the strings "NaN", "Infinity", "-Infinity" when `quote_specials`, else bare.
void AppendJsonNumber(std::string& out, double value, bool quote_specials);
void AppendJsonNumber(std::string& out, float value, bool quote_specials);

}  // namespace drift
