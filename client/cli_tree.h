// The commands and options of a command line, for completion.
#pragma once

#include "client/completion.h"

namespace CLI {
class App;
}

namespace drift::client {

CommandTree TreeOf(const CLI::App& app);

}  // namespace drift::client
