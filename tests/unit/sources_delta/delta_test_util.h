// What the tests of the Delta source share: reading windows whole, Spark's tables and answers.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/source.h"
#include "net/json.h"
#include "sources/delta/delta_source.h"

namespace drift::testing {

// "3 delete ["a",1]"; pass 1 as text, sorted.
using Events = std::vector<std::string>;
// "3 {"body":"x","id":1}"; pass 2 as text, sorted. Members sorted by name, as JsonView::Dump()
// does.
using Rows = std::vector<std::string>;

std::string_view Word(ChangeType type);
// A row as a JSON object with the projection's names.
std::string RowJson(const Projection& projection, const Row& cells);

StatusOr<Events> ReadEvents(Source& source, const Window& window);
StatusOr<Rows> ReadRowTexts(Source& source, const Projection& projection, const Window& window);
// All batches of pass 2 as they are.
StatusOr<std::vector<RowBatch>> ReadBatches(Source& source, const Window& window);

// The table as key → row text, as somebody who applies windows would have it.
class Replica {
 public:
  Replica(Source& source, Projection projection)
      : source_(source), projection_(std::move(projection)) {}
  Status Apply(const Window& window);
  std::vector<std::string> Sorted() const;

 private:
  Source& source_;
  const Projection projection_;
  std::map<std::string, std::string> rows_;
};

// Takes windows until there is nothing new; applies each.
StatusOr<Cursor> CatchUp(Source& source, Replica& replica, Cursor from, const WindowLimits& limits);

// Unpacks spark.tar.zst once for the program; the folder it lies in.
const std::string& SparkTables();
// A copy of one of its tables that may be changed.
std::string CopyTable(const std::string& name, const std::string& to);

// Spark's answers (tests/data/delta/README.md).
struct SparkAnswers {
  explicit SparkAnswers(const std::string& name);
  JsonView root() const { return document.root(); }
  std::vector<std::string> key;
  int64_t latest = 0;
  std::vector<std::string> columns;  // at the latest version
  JsonDocument document;
};

// A projection of all columns, keys first.
Projection WholeProjection(const SparkAnswers& answers);

template <typename T>
T Value(StatusOr<T> result) {
  EXPECT_TRUE(result.ok()) << Message(result.status());
  if (!result.ok()) std::abort();
  return *std::move(result);
}

std::unique_ptr<Source> Open(const std::string& table, const Projection& projection,
                             delta::ReadLimits limits = {});

// Equal lists; else the first difference, cut short: rows may be long.
::testing::AssertionResult Same(const std::vector<std::string>& actual,
                                const std::vector<std::string>& expected);
// A status of this code, reason and text.
::testing::AssertionResult Fails(const Status& status, StatusCode code, std::string_view reason,
                                 std::string_view text);
template <typename T>
::testing::AssertionResult Fails(const StatusOr<T>& result, StatusCode code,
                                 std::string_view reason, std::string_view text) {
  return Fails(result.status(), code, reason, text);
}

}  // namespace drift::testing
