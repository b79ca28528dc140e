// Servers and daemons as children of a test: on free ports of the loopback, in folders of their
// own, gone when the test is.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace drift::testing {

// A folder that is removed with all that is in it. Readable by every user: servers that refuse to
// be root run as another one.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A port of 127.0.0.1 nobody listens on. Somebody else may take it before it is used: where a
// server can choose by itself (port 0), let it.
uint16_t FreePort();

// The most memory this process has had at once. Not getrusage(): that counts what the parent had
// when it forked as well.
double PeakMegabytes();

// A child in a process group of its own, killed with its whole group by the destructor, and by the
// kernel when the thread that started it ends. One thread at a time.
class Process {
 public:
  struct Options {
    std::vector<std::string> args;                   // args[0]: a path, or a name on PATH
    std::map<std::string, std::string> environment;  // added to the test's own; empty value: unset
    std::string output;  // file that stdout and stderr are appended to; empty: a temporary one
    std::string folder;  // to run in; empty: the test's
  };
  static StatusOr<std::unique_ptr<Process>> Spawn(Options options);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  bool Running();
  // What it has written so far.
  std::string Output() const;

  // OK once something accepts connections there, or `text` stands in the output. kAborted with the
  // output: it ended first. kDeadlineExceeded.
  Status WaitForPort(uint16_t port, std::chrono::seconds timeout = kPatience);
  Status WaitForOutput(const std::string& text, std::chrono::seconds timeout = kPatience);

  // To the process itself, not to its group.
  void Signal(int signal);
  // Until it has ended: its exit code, or 128 + the signal that killed it. nullopt: still running.
  std::optional<int> WaitForExit(std::chrono::seconds timeout = kPatience);

  static constexpr std::chrono::seconds kPatience{60};

 private:
  Process(pid_t pid, std::string output, std::unique_ptr<TempDir> own)
      : pid_(pid), output_(std::move(output)), own_folder_(std::move(own)) {}
  template <typename Ready>
  Status WaitUntil(const char* what, std::chrono::seconds timeout, Ready ready);

  const pid_t pid_;
  const std::string output_;
  std::unique_ptr<TempDir> own_folder_;
  std::optional<int> exit_code_;
};

}  // namespace drift::testing
