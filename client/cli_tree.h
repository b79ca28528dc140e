// The commands and options of a command line: for completion, and to say what is wrong with one.
#pragma once

#include <string>
#include <vector>

#include "client/completion.h"

namespace CLI {
class App;
}

namespace drift::client {

CommandTree TreeOf(const CLI::App& app);

// The command that was being read when the reading ended.
const CLI::App& DeepestOf(const CLI::App& app);

// "driftctl run embed"
std::string PathOf(const CLI::App& app);

// What CLI11 says of a mistake, as one sentence; names a similar word for one that is not known.
std::string MessageOf(const std::string& what, const CLI::App& app,
                      const std::vector<std::string>& arguments);

// Of a command that is none without a further word.
std::string IncompleteIn(const CLI::App& app);

}  // namespace drift::client
