// What a command has around it: streams, terminal, environment. Tests make their own.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

namespace drift::client {

// Ctrl-C while a command waits.
class Interrupts {
 public:
  virtual ~Interrupts() = default;
  // From now on presses are counted and given to `pressed` (1, 2, ...), which is called from
  // another thread, instead of ending the program.
  virtual void Listen(std::function<void(int presses)> pressed) = 0;
  // Back to ending the program. No call is under way when it returns.
  virtual void Ignore() = 0;
};

struct Host {
  std::istream& in;
  std::ostream& out;  // results
  std::ostream& err;  // progress and messages
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  int width = 0;  // columns of the terminal; 0: no limit
  std::string working_directory;
  std::function<std::string(const std::string& name)> environment;  // empty: not set
  Interrupts& interrupts;
};

// The process' own. At most one may exist.
std::unique_ptr<Interrupts> ProcessInterrupts();
// Lives as long as `interrupts`.
Host ProcessHost(Interrupts& interrupts);

}  // namespace drift::client
