// Files that a command reads.
#pragma once

#include <string>

#include "client/session.h"

namespace drift::client {

// The whole file at `path`, "-": standard input. False: it cannot be read or is empty, and that was
// printed.
bool ReadInput(Session& session, const std::string& path, std::string& text);

}  // namespace drift::client
