// Counting tokens before a provider is asked.
#pragma once

#include <memory>

#include "core/catalogue.h"
#include "core/embedder.h"
#include "providers/local/model_files.h"
#include "providers/token_ratio.h"

namespace drift {

// The counter that the entry names. Exact ones count what the provider bills: the text alone,
// without what it puts around it. kFailedPrecondition (MODEL_NOT_INSTALLED): the tokenizer's file
// is not there. `ratio` corrects an estimate, if it is not null.
StatusOr<std::unique_ptr<TokenCounter>> MakeTokenCounter(const ModelEntry& entry,
                                                         local::ModelFiles& files,
                                                         std::shared_ptr<TokenRatio> ratio);

// Without a tokenizer: a token for every four ASCII characters and for every two bytes of others,
// at least one. That is near what tokenizers of 100,000 and more tokens give.
int64_t EstimateTokens(std::string_view text);

}  // namespace drift
