// Options that several sinks' addresses share.
#pragma once

#include <chrono>
#include <string_view>

#include "base/secret.h"
#include "base/status.h"
#include "base/uri.h"
#include "base/utf8.h"

namespace drift {

// OK if the option is absent or might be a secret: a reference, or (given on a command line) the
// value itself. kInvalidArgument for what only looks like a reference ("env:").
Status CheckSecretOption(const Uri& uri, std::string_view name);

// The secret that the option names, or is; empty when absent. kNotFound as ReadSecret says.
StatusOr<Secret> SecretOption(const Uri& uri, std::string_view name);

// `otherwise` when timeout_secs is absent; kInvalidArgument unless it is 1 to 3600.
StatusOr<std::chrono::seconds> TimeoutOption(const Uri& uri, std::chrono::seconds otherwise);

// `otherwise` when the option is absent; kInvalidArgument unless it is `least` to `most`.
StatusOr<int> NumberOption(const Uri& uri, std::string_view name, int otherwise, int least,
                           int most);

// Whether the sink shall have a vector index: option `index`, hnsw (when absent) or none.
StatusOr<bool> IndexOption(const Uri& uri);

// OK if the option is absent or an absolute path.
Status CheckAbsoluteOption(const Uri& uri, std::string_view name);

}  // namespace drift
