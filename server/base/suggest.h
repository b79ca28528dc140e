// What a person may have meant by a word that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace drift {

// The word of `known` that is nearest to `word`, if it is near enough to be a slip of the fingers:
// at most a third of its letters differ (two neighbours swapped count once), case does not count.
// Empty if there is none.
std::string NearestWord(std::string_view word, std::span<const std::string> known);

// "; did you mean 'overlap'?" when a word is near, else "; known: size, overlap", else (nothing is
// known) empty. To be appended to "unknown key 'overlp'".
std::string DidYouMean(std::string_view word, std::span<const std::string> known);

}  // namespace drift
