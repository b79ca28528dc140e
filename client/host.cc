#include "client/host.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <thread>

namespace drift::client {
namespace {

// Where the signal handler writes; -1: nobody listens.
volatile std::sig_atomic_t g_pipe = -1;

void OnInterrupt(int) {
  const char byte = 1;
  if (g_pipe >= 0) [[maybe_unused]]
    const ssize_t written = ::write(g_pipe, &byte, 1);
}

class SignalInterrupts : public Interrupts {
 public:
  ~SignalInterrupts() override { Ignore(); }

  void Listen(std::function<void(int presses)> pressed) override {
    Ignore();
    int ends[2];
    if (::pipe(ends) != 0) return;  // Ctrl-C ends the program, as without us
    read_end_ = ends[0];
    write_end_ = ends[1];
    g_pipe = ends[1];
    std::signal(SIGINT, OnInterrupt);
    thread_ = std::thread([this, pressed = std::move(pressed)] {
      char byte = 0;
      for (int presses = 1; ::read(read_end_, &byte, 1) == 1 && byte == 1; ++presses) {
        pressed(presses);
      }
    });
  }

  void Ignore() override {
    std::signal(SIGINT, SIG_DFL);
    g_pipe = -1;
    if (!thread_.joinable()) return;
    const char end = 0;
    [[maybe_unused]] const ssize_t written = ::write(write_end_, &end, 1);
    thread_.join();
    ::close(read_end_);
    ::close(write_end_);
  }

 private:
  int read_end_ = -1;
  int write_end_ = -1;
  std::thread thread_;
};

std::string Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

int TerminalWidth() {
  winsize size{};
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  return std::atoi(Environment("COLUMNS").c_str());
}

}  // namespace

std::unique_ptr<Interrupts> ProcessInterrupts() {
  return std::make_unique<SignalInterrupts>();
}

Host ProcessHost(Interrupts& interrupts) {
  std::error_code ignored;
  return Host{.in = std::cin,
              .out = std::cout,
              .err = std::cerr,
              .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
              .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
              .width = TerminalWidth(),
              .working_directory = std::filesystem::current_path(ignored).string(),
              .environment = Environment,
              .interrupts = interrupts};
}

}  // namespace drift::client
