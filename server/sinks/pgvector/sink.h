// Points in a PostgreSQL table with pgvector. docs/connectors/pgvector.md has the layout.
#pragma once

#include <memory>

#include "base/uri.h"
#include "core/sink.h"

namespace drift::pgvector {

// Connects on first use. kInvalidArgument: the address is wrong. kNotFound: the secret it names is
// not there.
StatusOr<std::unique_ptr<Sink>> OpenSink(const Uri& uri);

}  // namespace drift::pgvector
