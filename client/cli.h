// The command line: what there is, and what was asked.
#pragma once

#include <string>
#include <vector>

#include "client/host.h"

namespace drift::client {

// Parses and runs; what main() returns. `arguments` without the program's name. Help, completion
// scripts and mistakes are printed without asking the daemon.
int Main(const std::vector<std::string>& arguments, Host& host);

}  // namespace drift::client
