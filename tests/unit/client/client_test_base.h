// Runs driftctl inside the test against a FakeDaemon.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "client/host.h"
#include "tests/unit/client/fake_daemon.h"

namespace drift::client {

// Pressed by the test.
class FakeInterrupts : public Interrupts {
 public:
  void Listen(std::function<void(int presses)> pressed) override;
  void Ignore() override;
  // Nothing happens when nobody listens. Safe for concurrent use.
  void Press();

 private:
  std::mutex mu_;
  std::function<void(int)> pressed_;
  int presses_ = 0;
};

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

class ClientTest : public testing::Test {
 protected:
  ClientTest();

  // With --server before the arguments.
  Outcome Run(std::vector<std::string> arguments);
  // As they are.
  Outcome RunBare(const std::vector<std::string>& arguments);

  // On a terminal of so many columns.
  void OnTerminal(int width);

  FakeDaemon daemon_;
  FakeInterrupts interrupts_;
  std::map<std::string, std::string> environment_;
  std::string input_;
  bool terminal_ = false;
  int width_ = 0;
};

// google.protobuf text format, for answers.
template <typename Message>
Message Parse(const std::string& text);

}  // namespace drift::client

#include <google/protobuf/text_format.h>

template <typename Message>
Message drift::client::Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}
