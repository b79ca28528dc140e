// Which sinks there are, by the scheme of their address.
#pragma once

#include <memory>

#include "base/status.h"
#include "base/uri.h"
#include "core/sink.h"

namespace drift {

// OK if OpenSink would understand the address. Connects to nothing and reads no secret, so it fits
// a check of configuration. kInvalidArgument says what is wrong and what to write.
Status CheckSinkUri(const Uri& uri);

// Equal for addresses that mean the same place: one scheme, the default port written out.
// Unknown schemes stay as they are.
Uri NormalizeSinkUri(Uri uri);

// The collection that it names, and nothing of how it is reached: equal for addresses that differ
// in user, secrets, time-outs and other options of the connection.
Uri SinkPlace(Uri uri);

// Connects on first use. kInvalidArgument as CheckSinkUri; kNotFound: the secret that the address
// names is not there.
StatusOr<std::unique_ptr<Sink>> OpenSink(const Uri& uri);

}  // namespace drift
