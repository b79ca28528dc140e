#include "tests/unit/client/client_test_base.h"

#include <sstream>

#include "client/cli.h"

namespace drift::client {

void FakeInterrupts::Listen(std::function<void(int presses)> pressed) {
  const std::lock_guard lock(mu_);
  pressed_ = std::move(pressed);
  presses_ = 0;
}

void FakeInterrupts::Ignore() {
  const std::lock_guard lock(mu_);
  pressed_ = nullptr;
}

void FakeInterrupts::Press() {
  const std::lock_guard lock(mu_);
  if (pressed_) pressed_(++presses_);
}

ClientTest::ClientTest() {
  daemon_.runs.Follow_ = [](const v1::FollowRunRequest&, grpc::ServerContext&,
                            grpc::ServerWriter<v1::RunProgress>&) {
    return grpc::Status(grpc::UNIMPLEMENTED, "not set");
  };
}

Outcome ClientTest::Run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--server", daemon_.address()});
  return RunBare(arguments);
}

Outcome ClientTest::RunBare(const std::vector<std::string>& arguments) {
  std::istringstream in(input_);
  std::ostringstream out;
  std::ostringstream err;
  Host host{.in = in,
            .out = out,
            .err = err,
            .out_is_terminal = terminal_,
            .err_is_terminal = terminal_,
            .width = width_,
            .working_directory = "/home/ann/data",
            .environment = [this](const std::string& name) { return environment_[name]; },
            .interrupts = interrupts_};
  Outcome outcome;
  outcome.code = Main(arguments, host);
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

void ClientTest::OnTerminal(int width) {
  terminal_ = true;
  width_ = width;
}

}  // namespace drift::client
