// Cutting one row's text into chunks. Pure: equal text and settings give equal chunks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/embedder.h"
#include "core/spec.h"

namespace drift {

// The chunks in order; each is at most `spec.size` tokens by `counter`'s Measure(), white space at
// its ends cut off. Type kNone: the text itself, whole and unchanged. A blank text has no chunks.
//   kSentence  whole sentences packed up to the size; a sentence longer than that is cut at words
//   kTokens    words packed up to the size
// `spec.overlap` tokens, at most, of the end of a chunk (in whole sentences or words) are repeated
// at the start of the next.
std::vector<std::string> ChunkText(std::string_view text, const ChunkingSpec& spec,
                                   TokenCounter& counter);

}  // namespace drift
