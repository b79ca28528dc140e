// The composition root: builds all parts in order, stops them in reverse.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "config/config.h"

namespace drift {

// How the process ends; sysexits(3) where they fit.
enum ExitCode : int {
  kExitOk = 0,
  kExitUsage = 2,         // bad command line; what `validate` found
  kExitUnavailable = 69,  // a needed service is away
  kExitLedgerInUse = 73,  // another daemon holds the ledger
  kExitConfiguration = 78,
  kExitInterrupted = 130,  // a second signal
};

struct AppOptions {
  std::string config_path;  // empty: none; read again on SIGHUP
  std::string ready_file;   // empty: none; {"pid":..,"grpc":"..","http":".."} once all is up
};

// Serves until a signal says otherwise; returns the exit code. Startup errors are one line on
// stderr.
int RunApp(const AppOptions& options);

// Checks a configuration without starting anything: prints every mistake to stderr, returns
// kExitOk or kExitUsage.
int ValidateConfig(const std::string& path);

}  // namespace drift
