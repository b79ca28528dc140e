// driftd's command line.
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app.h"
#include "base/allocator.h"
#include "version.h"

namespace {

constexpr std::string_view kUsage =
    R"(driftd keeps vector indexes true to the tables they come from.

Usage:
  driftd [--config FILE] [--ready-file FILE]   serve until SIGTERM or SIGINT
  driftd validate --config FILE                check a configuration: exit 0, or 2 with all that is wrong
  driftd version

Without a configuration it serves on 127.0.0.1:7433 (gRPC) and 127.0.0.1:9464 (HTTP) with a SQLite
ledger in $XDG_STATE_HOME/drift (else ~/.local/state/drift) and no pipelines.

  --config FILE      YAML; config/driftd.yaml shows every option (or DRIFT_CONFIG)
  --ready-file FILE  written once all is up: {"pid":..,"grpc":"HOST:PORT","http":"HOST:PORT"}

Environment: DRIFT_CONFIG, DRIFT_LOG_LEVEL, DRIFT_GRPC_LISTEN, DRIFT_HTTP_LISTEN, DRIFT_LEDGER_URL.
SIGHUP reads the configuration again. Exit: 0 stopped, 69 a needed service is away, 73 another daemon
holds the ledger, 78 the configuration is wrong, 130 stopped by a second signal.
)";

int Misused(const std::string& what) {
  std::cerr << "driftd: " << what << "; see driftd --help\n";
  return drift::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  drift::SetUpAllocator();
  std::vector<std::string> words(argv + 1, argv + argc);
  drift::AppOptions options;
  if (const char* path = std::getenv("DRIFT_CONFIG")) options.config_path = path;
  std::string command = "serve";
  for (size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i];
    std::optional<std::string> value;
    if (const size_t equals = word.find('=');
        word.starts_with("--") && equals != std::string::npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
    }
    if (word == "--help" || word == "-h" || word == "help") {
      std::cout << kUsage;
      return drift::kExitOk;
    }
    if (word == "--version" || word == "version") {
      std::cout << "driftd " << drift::kVersion << (*drift::kCommit ? " (" : "") << drift::kCommit
                << (*drift::kCommit ? ")" : "") << "\n";
      return drift::kExitOk;
    }
    if (word == "validate" && command == "serve") {
      command = word;
      continue;
    }
    std::string* target = word == "--config"       ? &options.config_path
                          : word == "--ready-file" ? &options.ready_file
                                                   : nullptr;
    if (target == nullptr) return Misused("unknown argument '" + words[i] + "'");
    if (!value && i + 1 == words.size()) return Misused(word + " needs a value");
    *target = value ? *value : words[++i];
  }
  if (command == "serve") return drift::RunApp(options);
  if (options.config_path.empty()) return Misused("validate needs --config FILE");
  return drift::ValidateConfig(options.config_path);
}
