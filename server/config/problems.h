// All that is wrong with a configuration, told at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace drift {

// Counted from 1; columns in Unicode code points, as editors count them.
struct Place {
  int line = 1;
  int column = 1;
  auto operator<=>(const Place&) const = default;
};

// One thread at a time.
class Problems {
 public:
  // `path` is the way to the value, e.g. "pipelines[0].chunking"; empty for the document itself.
  // Line 0: no place in the file.
  void Add(std::string_view file, Place place, std::string_view path, std::string_view message);

  bool empty() const { return problems_.empty(); }
  size_t size() const { return problems_.size(); }

  // One line each, "driftd.yaml:12:5: pipelines[0].chunking: unknown key 'overlp'": files in the
  // order in which they were first complained of, then by place. No newline after the last.
  std::string Lines() const;
  // Lines(), and the count if there are several: "3 errors".
  std::string Report() const;

  // OK when empty, else kInvalidArgument with Lines().
  Status ToStatus() const;

 private:
  struct Problem {
    size_t file;  // index into files_
    Place place;
    std::string text;
  };
  std::vector<std::string> files_;
  std::vector<Problem> problems_;
};

}  // namespace drift
