// Named facts about one thing, one per line.
#pragma once

#include <string>
#include <string_view>

#include "client/session.h"

namespace drift::client {

// Prints as it is told: "  source      ./docs, version 2". Long values are wrapped on a terminal.
class Details {
 public:
  explicit Details(Session& session) : session_(session) {}
  void Add(std::string_view name, std::string_view value);

 private:
  Session& session_;
};

}  // namespace drift::client
