// Points in a SQLite file, searched exactly: the sink that needs no server.
// docs/connectors/sqlite.md has the layout.
#pragma once

#include <memory>

#include "base/uri.h"
#include "core/sink.h"

namespace drift::sqlite {

// Opens the file on first use; only Prepare makes it. kInvalidArgument: the address is wrong.
StatusOr<std::unique_ptr<Sink>> OpenSink(const Uri& uri);

}  // namespace drift::sqlite
