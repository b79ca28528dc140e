// What is seen while a run goes on.
#pragma once

#include <string>

#include "client/session.h"
#include "drift/v1/run.pb.h"

namespace drift::client {

// One line of progress, at most `width` columns (0: no limit).
std::string ProgressLine(const drift::v1::RunProgress& progress, size_t width);

// "2,431 rows, 2,419 texts embedded, ...": what a run did, in one line.
std::string DoneLine(const drift::v1::Run& run);

// Draws on stderr: the pipeline and each phase of its work once, and on a terminal a line that is
// drawn again.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(Session& session) : session_(session) {}
  ~ProgressDisplay() { Clear(); }

  void Show(const drift::v1::RunProgress& progress);
  // Says the pipeline's name, if no phase that was shown has.
  void Name(const std::string& pipeline);
  // Takes the line away, so that something else can be printed.
  void Clear();

 private:
  Session& session_;
  std::string heading_;
  bool drawn_ = false;
};

}  // namespace drift::client
