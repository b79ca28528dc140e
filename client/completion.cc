#include "client/completion.h"

#include <fmt/core.h>

#include <functional>

namespace drift::client {
namespace {

// Values that only the daemon knows: asked for quickly, and quietly when it is away.
constexpr char kPipelinesCommand[] =
    "driftctl pipeline list -o csv --timeout 1s 2>/dev/null | sed -e 1d -e 's/,.*//'";

bool NamesAPipeline(const std::string& option) {
  return option == "--pipeline";
}
bool NamesAFile(const std::string& option) {
  return option == "--file" || option == "-f" || option == "--table";
}

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// Calls `visit` with each command and the words that lead to it ("run embed").
void Walk(const CommandTree& command, const std::string& path,
          const std::function<void(const CommandTree&, const std::string&)>& visit) {
  visit(command, path);
  for (const CommandTree& child : command.commands) {
    Walk(child, path.empty() ? child.name : path + " " + child.name, visit);
  }
}

std::string Words(const CommandTree& command, const CommandTree& root) {
  std::string words;
  const auto add = [&](const std::string& word) { words += (words.empty() ? "" : " ") + word; };
  for (const CommandTree& child : command.commands) add(child.name);
  for (const std::string& choice : command.choices) add(choice);
  for (const CommandTree::Option& option : command.options) add(option.name);
  if (&command != &root) {
    for (const CommandTree::Option& option : root.options) add(option.name);
  }
  return words;
}

// Quotes of a POSIX shell and of fish.
std::string ShellQuoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string BashScript(const CommandTree& root) {
  std::string out =
      "# bash completion of driftctl: source <(driftctl completion bash)\n"
      "_driftctl() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local path='' word i\n"
      "  COMPREPLY=()\n"
      "  case $previous in\n";
  out += fmt::format(
      "    --pipeline) COMPREPLY=($(compgen -W \"$({})\" -- \"$current\")); return ;;\n",
      kPipelinesCommand);
  out +=
      "    --table|--file|-f) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$current\")); "
      "return ;;\n";
  Walk(root, "", [&](const CommandTree& command, const std::string&) {
    for (const CommandTree::Option& option : command.options) {
      if (option.choices.empty()) continue;
      const std::string line =
          fmt::format("    {}) COMPREPLY=($(compgen -W {} -- \"$current\")); return ;;\n",
                      option.name, ShellQuoted(Joined(option.choices)));
      if (out.find(line) == std::string::npos) out += line;
    }
  });
  out +=
      "  esac\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=${COMP_WORDS[i]}\n"
      "    case \"$path/$word\" in\n";
  Walk(root, "", [&](const CommandTree&, const std::string& path) {
    if (path.empty()) return;
    const size_t last = path.rfind(' ');
    const std::string parent = last == std::string::npos ? "" : path.substr(0, last);
    out += fmt::format("      {}) path={} ;;\n", ShellQuoted(parent + "/" + path.substr(last + 1)),
                       ShellQuoted(path));
  });
  out +=
      "    esac\n"
      "  done\n"
      "  case $path in\n";
  Walk(root, "", [&](const CommandTree& command, const std::string& path) {
    out +=
        fmt::format("    {}) word={} ;;\n", ShellQuoted(path), ShellQuoted(Words(command, root)));
  });
  out += "  esac\n";
  for (const char* command : {"get", "pause", "resume", "delete"}) {
    out += fmt::format("  [[ $path == 'pipeline {}' ]] && word=\"$({}) $word\"\n", command,
                       kPipelinesCommand);
  }
  out +=
      "  COMPREPLY=($(compgen -W \"$word\" -- \"$current\"))\n"
      "}\n"
      "complete -F _driftctl driftctl\n";
  return out;
}

// zsh runs bash's way of completing.
std::string ZshScript(const CommandTree& root) {
  return "#compdef driftctl\n# zsh completion of driftctl: source <(driftctl completion zsh)\n"
         "autoload -U +X compinit && compinit -u\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         BashScript(root);
}

std::string FishCondition(const std::string& path, const CommandTree& command) {
  std::string condition;
  std::string rest = path;
  while (!rest.empty()) {
    const std::string word = rest.substr(0, rest.find(' '));
    rest.erase(0, word.size() + (word.size() < rest.size() ? 1 : 0));
    condition +=
        fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", word);
  }
  if (!command.commands.empty()) {
    std::string children;
    for (const CommandTree& child : command.commands) children += " " + child.name;
    condition += fmt::format("{}not __fish_seen_subcommand_from{}",
                             condition.empty() ? "" : "; and ", children);
  }
  return condition;
}

std::string FishOption(const std::string& condition, const CommandTree::Option& option) {
  const bool is_long = option.name.starts_with("--");
  std::string line = "complete -c driftctl";
  if (!condition.empty()) line += fmt::format(" -n {}", ShellQuoted(condition));
  line += fmt::format(" {} {}", is_long ? "-l" : "-s", option.name.substr(is_long ? 2 : 1));
  if (NamesAPipeline(option.name)) {
    line += fmt::format(" -x -a {}", ShellQuoted(fmt::format("({})", kPipelinesCommand)));
  } else if (NamesAFile(option.name)) {
    line += " -r -F";
  } else if (option.takes_value) {
    line += " -x";
  }
  if (!option.choices.empty()) line += fmt::format(" -a {}", ShellQuoted(Joined(option.choices)));
  return line + fmt::format(" -d {}\n", ShellQuoted(option.help));
}

std::string FishScript(const CommandTree& root) {
  std::string out =
      "# fish completion of driftctl: driftctl completion fish | source\n"
      "complete -c driftctl -f\n";
  Walk(root, "", [&](const CommandTree& command, const std::string& path) {
    const std::string condition = FishCondition(path, command);
    for (const CommandTree& child : command.commands) {
      out += fmt::format("complete -c driftctl -n {} -a {} -d {}\n", ShellQuoted(condition),
                         child.name, ShellQuoted(child.help));
    }
    if (!command.choices.empty()) {
      out += fmt::format("complete -c driftctl -n {} -a {}\n", ShellQuoted(condition),
                         ShellQuoted(Joined(command.choices)));
    }
    // Those of driftctl itself may stand anywhere.
    const std::string where = &command == &root ? "" : condition;
    for (const CommandTree::Option& option : command.options) out += FishOption(where, option);
  });
  return out;
}

}  // namespace

std::string CompletionScript(const std::string& shell, const CommandTree& root) {
  if (shell == "zsh") return ZshScript(root);
  return shell == "fish" ? FishScript(root) : BashScript(root);
}

}  // namespace drift::client
