#include "client/cli_tree.h"

#include <CLI/CLI.hpp>

namespace drift::client {

CommandTree TreeOf(const CLI::App& app) {
  CommandTree tree;
  tree.name = app.get_name();
  tree.help = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    std::vector<std::string> names;
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    std::vector<std::string> choices;
    std::string type = option->get_type_name().substr(0, option->get_type_name().find(':'));
    if (type.find('|') != std::string::npos) {
      for (size_t bar = 0; bar != std::string::npos;) {
        bar = type.find('|');
        choices.push_back(type.substr(0, bar));
        type.erase(0, bar == std::string::npos ? type.size() : bar + 1);
      }
    }
    if (names.empty()) tree.choices = choices;
    const bool takes_value = option->get_items_expected_max() > 0;
    for (const std::string& name : names) {
      tree.options.push_back({name, option->get_description(), takes_value, choices});
    }
  }
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    tree.commands.push_back(TreeOf(*child));
  }
  return tree;
}

}  // namespace drift::client
