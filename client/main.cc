#include "client/cli.h"

int main(int argc, char** argv) {
  const auto interrupts = drift::client::ProcessInterrupts();
  drift::client::Host host = drift::client::ProcessHost(*interrupts);
  return drift::client::Main(std::vector<std::string>(argv + 1, argv + argc), host);
}
