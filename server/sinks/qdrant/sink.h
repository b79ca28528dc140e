// Points in a Qdrant collection. docs/connectors/qdrant.md has the layout.
#pragma once

#include <memory>

#include "base/uri.h"
#include "core/sink.h"

namespace drift::qdrant {

// Connects on first use. kInvalidArgument: the address is wrong. kNotFound: the secret it names is
// not there.
StatusOr<std::unique_ptr<Sink>> OpenSink(const Uri& uri);

}  // namespace drift::qdrant
