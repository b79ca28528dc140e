// What OpenAI's errors mean, in the dialects of those who speak its protocol too.
#pragma once

#include "providers/answer_error.h"

namespace drift::openai {

Verdict Judge(int status, const ErrorBody& body, const ErrorContext& context);

}  // namespace drift::openai
