// How wide text is on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace drift::client {

// Columns of a UTF-8 text: wide East Asian characters and emoji take two, combining ones none.
size_t DisplayWidth(std::string_view text);

// The text without control characters (a row's text must not steer the terminal): line breaks and
// tabs become spaces, others U+FFFD.
std::string Printable(std::string_view text);

enum class Cut { kEnd, kMiddle };
// At most `width` columns; what is cut is marked with an ellipsis.
std::string Fit(std::string_view text, size_t width, Cut cut = Cut::kEnd);

// Filled with spaces up to `width` columns.
std::string PadRight(std::string text, size_t width);
std::string PadLeft(std::string text, size_t width);

// Broken at spaces into lines that end before column `width` (0: no limit). Every line starts at
// column `indent`, the first because the caller has printed that much.
std::string Wrap(std::string_view text, size_t width, size_t indent);

}  // namespace drift::client
