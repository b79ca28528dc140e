// What a person may have meant by a word that is not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace drift::client {

// The word of `known` that differs from `word` in at most a third of its letters, two neighbours
// swapped counting once; the nearest. Empty if there is none.
std::string NearestWord(std::string_view word, const std::vector<std::string>& known);

}  // namespace drift::client
