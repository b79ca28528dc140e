// Options that several commands have, and what CLI11 has to be told about them.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "client/options.h"

namespace CLI {
class App;
class FormatterBase;
class Option;
class Validator;
}  // namespace CLI

namespace drift::client {

// A whole number from `least` to `most`.
CLI::Validator Whole(int64_t least, int64_t most = std::numeric_limits<int32_t>::max());

// CLI11's own help, without what it says of checks and of options that exclude one another.
std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter();

// A,B,...; may be repeated.
CLI::Option* List(CLI::App* app, const std::string& name, std::vector<std::string>& out,
                  const std::string& help);

// Which pipeline: of `run embed`, `run watch` and `plan`.
void AddSelector(CLI::App* app, SelectorOptions& out);

// Which dead letters.
void AddFilter(CLI::App* app, DeadLetterOptions& out);

}  // namespace drift::client
