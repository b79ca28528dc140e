// A Delta table of (id long, title string, body string) for tests, written by our own writer:
//
//   DeltaTestTable table(folder / "docs");
//   table.Append({{1, "one", "text"}, {2, "two", "more"}});
//
// For updates, deletes and merges see delta_ops.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/source.h"
#include "sources/delta/delta_source.h"
#include "sources/delta/delta_writer.h"

namespace drift::testing {

// Aborts the program with the reason where something fails: a test without its table means nothing.
class DeltaTestTable {
 public:
  struct Doc {
    int64_t id;
    std::string title;
    std::string body;
  };
  // Creates version 0, with a change feed.
  explicit DeltaTestTable(std::string path, std::map<std::string, std::string> storage = {});

  // Each is one commit; returns its version.
  int64_t Append(const std::vector<Doc>& docs);
  // `files` files in one commit.
  int64_t AppendFiles(const std::vector<std::vector<Doc>>& files);

  const std::string& path() const { return path_; }
  // With key id and columns title, body.
  std::unique_ptr<Source> Open() const;

 private:
  const std::string path_;
  const std::map<std::string, std::string> storage_;
  std::unique_ptr<delta::DeltaWriter> writer_;
};

// The log of a local table, to be damaged or rewritten by a test.
std::string CommitFile(const std::string& table, int64_t version);
// Writes a commit by hand: lines of JSON actions.
void WriteCommit(const std::string& table, int64_t version, std::string_view lines);

}  // namespace drift::testing
