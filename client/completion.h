// Scripts that let shells complete driftctl's commands, options and pipelines.
#pragma once

#include <string>
#include <vector>

namespace drift::client {

struct CommandTree {
  struct Option {
    std::string name;  // with its dashes
    std::string help;
    bool takes_value = false;
    std::vector<std::string> choices;  // of the value, where they are fixed
  };
  std::string name;
  std::string help;
  std::vector<Option> options;
  std::vector<std::string> choices;  // of a positional argument
  std::vector<CommandTree> commands;
};

// `shell` is bash, zsh or fish.
std::string CompletionScript(const std::string& shell, const CommandTree& root);

}  // namespace drift::client
