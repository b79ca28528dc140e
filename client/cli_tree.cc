#include "client/cli_tree.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "client/nearest_word.h"

namespace drift::client {
namespace {

// What may stand there: the command's own commands and options, and driftctl's options.
std::vector<std::string> WordsOf(const CommandTree& command, const CommandTree& global) {
  std::vector<std::string> words;
  for (const CommandTree& child : command.commands) words.push_back(child.name);
  for (const CommandTree* tree : {&command, &global}) {
    for (const auto& option : tree->options) words.push_back(option.name);
  }
  return words;
}

}  // namespace

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

const CLI::App& DeepestOf(const CLI::App& app) {
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().back();
  return *deepest;
}

std::string PathOf(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : PathOf(*parent) + " " + app.get_name();
}

std::string MessageOf(const std::string& what, const CLI::App& app,
                      const std::vector<std::string>& arguments) {
  std::string text = what;
  // "The following arguments were not expected: x --tabel", the last one first.
  if (const size_t colon = text.find("not expected: "); colon != std::string::npos) {
    const std::string list = " " + text.substr(text.find(": ", colon) + 2) + " ";
    // A value that follows the unknown option is no mistake of its own.
    const auto first =
        std::find_if(arguments.begin(), arguments.end(), [&](const std::string& argument) {
          return list.find(" " + argument + " ") != std::string::npos;
        });
    const std::string word = first == arguments.end() ? list.substr(1, list.size() - 2) : *first;
    const CLI::App& deepest = DeepestOf(app);
    text = fmt::format("'{}' is not known to {}", word, PathOf(deepest));
    const std::string nearest = NearestWord(word, WordsOf(TreeOf(deepest), TreeOf(app)));
    if (!nearest.empty()) text += fmt::format("; did you mean '{}'?", nearest);
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string IncompleteIn(const CLI::App& app) {
  const CLI::App& deepest = DeepestOf(app);
  std::string list;
  for (const CLI::App* child : deepest.get_subcommands([](const CLI::App*) { return true; })) {
    list += (list.empty() ? "" : ", ") + child->get_name();
  }
  return fmt::format("{}: say what to do: {}", PathOf(deepest), list);
}

}  // namespace drift::client
