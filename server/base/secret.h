// A secret is named in configuration, never written there: env:NAME or file:/path.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace drift {

// A value that cannot be printed by accident: no operator<<, no formatter, only Reveal().
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  bool empty() const { return value_.empty(); }
  // Hand the result to a protocol library at once; do not keep or log it.
  const std::string& Reveal() const { return value_; }

 private:
  std::string value_;
};

// A reference as the user wrote it, e.g. "env:OPENAI_API_KEY". Safe to store and to print.
struct SecretRef {
  std::string text;
  bool empty() const { return text.empty(); }
};

// OK, or kInvalidArgument: not of the form env:NAME or file:/absolute/path. The message never
// repeats `text`, which may be a secret put there by mistake.
Status CheckSecretRef(std::string_view text);

// Reads it now. kNotFound: the variable is unset or empty, or the file cannot be read; one trailing
// newline of a file is dropped.
StatusOr<Secret> ReadSecret(const SecretRef& ref);

}  // namespace drift
