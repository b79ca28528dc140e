#include "tests/support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/text_file.h"

extern char** environ;

namespace drift::testing {
namespace {

constexpr std::chrono::milliseconds kPoll{5};

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool Accepts(uint16_t port) {
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool ok = connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(file);
  return ok;
}

std::vector<std::string> Environment(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!changes.contains(text.substr(0, text.find('=')))) out.push_back(text);
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) out.push_back(name + "=" + value);
  }
  return out;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// After fork: only what is safe there.
[[noreturn]] void BecomeChild(char* const* args, char* const* environment, int output,
                              const char* folder, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it has ended already
  const int input = open("/dev/null", O_RDONLY);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  if (folder[0] != '\0' && chdir(folder) != 0) _exit(127);
  execvpe(args[0], args, environment);
  dprintf(STDERR_FILENO, "%s: %s\n", args[0], std::strerror(errno));
  _exit(127);
}

}  // namespace

TempDir::TempDir() {
  path_ = (std::filesystem::temp_directory_path() / "drift-test-XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) std::abort();
  chmod(path_.c_str(), 0755);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

uint16_t FreePort() {
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(file, generic, size) != 0 || getsockname(file, generic, &size) != 0) std::abort();
  close(file);
  return ntohs(address.sin_port);
}

double PeakMegabytes() {
  constexpr std::string_view kField = "VmHWM:";
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != kField) {
  }
  double kilobytes = 0;
  status >> kilobytes;
  return kilobytes / 1024;
}

StatusOr<std::unique_ptr<Process>> Process::Spawn(Options options) {
  std::unique_ptr<TempDir> own;
  if (options.output.empty()) {
    own = std::make_unique<TempDir>();
    options.output = *own / "output";
  }
  const int output = open(options.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) return Unavailable("{}: {}", options.output, std::strerror(errno));
  std::vector<std::string> environment = Environment(options.environment);
  const std::vector<char*> args = Pointers(options.args);
  const std::vector<char*> variables = Pointers(environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) BecomeChild(args.data(), variables.data(), output, options.folder.c_str(), parent);
  close(output);
  if (pid < 0) return Unavailable("fork: {}", std::strerror(errno));
  setpgid(pid, pid);  // whoever of the two comes first
  return std::unique_ptr<Process>(new Process(pid, options.output, std::move(own)));
}

Process::~Process() {
  kill(-pid_, SIGKILL);
  if (!exit_code_) waitpid(pid_, nullptr, 0);
}

bool Process::Running() {
  if (exit_code_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  constexpr int kSignalBase = 128;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
  return false;
}

std::string Process::Output() const {
  return ReadTextFile(output_).value_or("");
}

template <typename Ready>
Status Process::WaitUntil(const char* what, std::chrono::seconds timeout, Ready ready) {
  Clock& clock = Clock::Real();
  const MonoTime end = clock.Mono() + timeout;
  while (!ready()) {
    if (!Running()) return Aborted("ended with {} before {}:\n{}", *exit_code_, what, Output());
    if (clock.Mono() > end) return DeadlineExceeded("no {} in time:\n{}", what, Output());
    clock.Sleep(kPoll, {});
  }
  return OkStatus();
}

Status Process::WaitForPort(uint16_t port, std::chrono::seconds timeout) {
  return WaitUntil("connection accepted", timeout, [port] { return Accepts(port); });
}

Status Process::WaitForOutput(const std::string& text, std::chrono::seconds timeout) {
  return WaitUntil("expected output", timeout,
                   [&] { return Output().find(text) != std::string::npos; });
}

void Process::Signal(int signal) {
  if (Running()) kill(pid_, signal);
}

std::optional<int> Process::WaitForExit(std::chrono::seconds timeout) {
  Clock& clock = Clock::Real();
  const MonoTime end = clock.Mono() + timeout;
  while (Running() && clock.Mono() < end) clock.Sleep(kPoll, {});
  return exit_code_;
}

}  // namespace drift::testing
