// Every table Spark wrote: each version, and each range of changes, as Spark itself reads them.
#include <algorithm>

#include "core/reasons.h"
#include "sources/delta/delta_cursor.h"
#include "tests/unit/sources_delta/delta_test_util.h"

namespace drift::testing {
namespace {

using ::testing::TestWithParam;
using ::testing::ValuesIn;

// Columns that are called otherwise at the latest version, which is how the source calls them.
using Renames = std::map<std::string, std::string>;

struct Case {
  const char* name;
  Renames renames = {};
  // The feed can be read from here on; all versions from here on are compared by replaying windows.
  int64_t first = 0;
  // A version that the kernel reads and Spark does not: it has a checkpoint, but no commit.
  int64_t kernel_only = -1;
};
void PrintTo(const Case& test, std::ostream* out) {
  *out << test.name;
}

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"basic"},
      {"deletion_vectors"},
      {"column_mapping", {{"id", "doc_id"}, {"body", "content"}}},
      {"mapping_by_id"},
      {"partitions"},
      {"partition_keys"},
      {"maintenance"},
      {"overwrites"},
      {"cdf_late", {}, 8},
      {"checkpoints"},
      {"checkpoints_v2"},
      {"types"},
      {"widening"},
      {"modern"},
      {"composite_key"},
      {"many_in_one"},
      {"recreated"},
      {"recreated.before"},
      {"replaced"},
      {"evolving"},
      {"key_retyped", {}, 3},
      {"no_feed", {}, 5},
      {"vacuumed", {}, 5},
      {"log_cleaned", {}, 10, 5},
  };
  return cases;
}

class SparkTable : public TestWithParam<Case> {
 protected:
  SparkTable()
      : answers_(GetParam().name),
        projection_(WholeProjection(answers_)),
        path_(SparkTables() + "/" + GetParam().name),
        source_(Open(path_, projection_)) {}

  // Spark's row with the latest names; columns that are gone left out, those that came later NULL.
  std::string Latest(const JsonView& row) const {
    std::map<std::string, std::string> cells;
    for (const std::string& column : answers_.columns) cells[column] = "null";
    for (const std::string_view name : row.Names()) {
      const auto renamed = GetParam().renames.find(std::string(name));
      const std::string now =
          renamed == GetParam().renames.end() ? std::string(name) : renamed->second;
      const auto cell = row.Find(name);  // none for NULL
      if (cells.contains(now) && cell) cells[now] = cell->Dump();
    }
    std::string json;
    for (const auto& [name, cell] : cells) {
      json += fmt::format("{}\"{}\":{}", json.empty() ? "{" : ",", name, cell);
    }
    return json + "}";
  }

  std::string Key(const JsonView& row) const {
    const JsonDocument latest = Value(JsonDocument::Parse(Latest(row)));
    std::string key;
    for (const std::string& column : answers_.key) {
      const auto cell = latest.root().Find(column);
      key += (key.empty() ? "[" : ",") + (cell ? cell->Dump() : "null");
    }
    return key + "]";
  }

  // Spark's table at a version; nullopt where Spark cannot read it.
  std::optional<std::vector<std::string>> RowsAt(int64_t version) const {
    const JsonView list =
        Value(Value(answers_.root().Get("versions")).Get(std::to_string(version)));
    if (!list.is_array()) return std::nullopt;
    std::vector<std::string> rows;
    for (size_t i = 0; i < list.size(); ++i) rows.push_back(Latest(list[i]));
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  StatusOr<Cursor> CursorAt(int64_t version) {
    ASSIGN_OR_RETURN(const SourceInfo info, source_->Check({}));
    return delta::ToCursor({.version = version, .table_id = info.table_id, .feed = true});
  }

  const SparkAnswers answers_;
  const Projection projection_;
  const std::string path_;
  const std::unique_ptr<Source> source_;
};

TEST_P(SparkTable, EveryVersionReadsAsInSpark) {
  int compared = 0;
  for (int64_t version = 0; version <= answers_.latest; ++version) {
    SCOPED_TRACE(version);
    const auto expected = RowsAt(version);
    // At another version a table may have another id, so the cursor is of no table.
    const auto window = source_->SnapshotAt(
        delta::ToCursor({.version = version, .table_id = Value(source_->Check({})).table_id}), {});
    if (version == GetParam().kernel_only) continue;
    if (!expected) {
      EXPECT_TRUE(!window.ok() || !ReadRowTexts(*source_, projection_, *window).ok());
      continue;
    }
    ASSERT_TRUE(window.ok()) << Message(window.status());
    const Rows rows = Value(ReadRowTexts(*source_, projection_, *window));
    std::vector<std::string> texts;
    for (const std::string& row : rows) texts.push_back(row.substr(row.find(' ') + 1));
    std::sort(texts.begin(), texts.end());
    EXPECT_TRUE(Same(texts, *expected));
    EXPECT_EQ(Value(ReadEvents(*source_, *window)).size(), expected->size());
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

// Ranges are read in as many windows as the schema's changes need; together they must yield exactly
// what Spark's change feed does.
TEST_P(SparkTable, ChangesAreSparks) {
  const JsonView changes = Value(answers_.root().Get("changes"));
  int compared = 0;
  for (const std::string_view range : changes.Names()) {
    SCOPED_TRACE(range);
    const int64_t first = std::stoll(std::string(range));
    const int64_t last = std::stoll(std::string(range.substr(range.find('-') + 1)));
    const JsonView expected = Value(changes.Get(range));
    if (!expected.is_array() || first < GetParam().first) continue;
    Events events, wanted_events;
    Rows rows, wanted_rows;
    Cursor cursor = Value(CursorAt(first - 1));
    for (int64_t at = first; at <= last;) {
      const auto window =
          Value(source_->Next(cursor, WindowLimits{.max_versions = last - at + 1}, {}));
      ASSERT_TRUE(window.has_value());
      ASSERT_EQ(window->kind, Window::Kind::kChanges);
      ASSERT_EQ(window->first_version, at);
      const Events more = Value(ReadEvents(*source_, *window));
      events.insert(events.end(), more.begin(), more.end());
      const Rows more_rows = Value(ReadRowTexts(*source_, projection_, *window));
      rows.insert(rows.end(), more_rows.begin(), more_rows.end());
      at = window->last_version + 1;
      cursor = window->next;
    }
    for (size_t i = 0; i < expected.size(); ++i) {
      const JsonView row = expected[i];
      const std::string_view type = Value(row.GetString("_change_type"));
      const int64_t version = Value(row.GetInt("_commit_version"));
      wanted_events.push_back(fmt::format("{} {} {}", version, type, Key(row)));
      if (type == "insert" || type == "update_postimage") {
        wanted_rows.push_back(fmt::format("{} {}", version, Latest(row)));
      }
    }
    for (auto* list : {&events, &wanted_events}) std::sort(list->begin(), list->end());
    for (auto* list : {&rows, &wanted_rows}) std::sort(list->begin(), list->end());
    EXPECT_TRUE(Same(events, wanted_events));
    EXPECT_TRUE(Same(rows, wanted_rows));
    ++compared;
  }
  EXPECT_EQ(compared > 0, GetParam().first <= answers_.latest);
}

// Also over changes of the schema, where Spark refuses the range: after each window the replica is
// the table at the window's end.
TEST_P(SparkTable, ReplayedWindowsGiveEveryVersion) {
  for (const int64_t at_once : {1, 2, 1000}) {
    SCOPED_TRACE(at_once);
    Replica replica(*source_, projection_);
    Cursor cursor = Value(CursorAt(GetParam().first - 1));
    if (GetParam().first > 0) {
      const int64_t base = GetParam().first - 1;
      if (!RowsAt(base)) GTEST_SKIP() << "Spark cannot read version " << base;
      const Window window = Value(source_->SnapshotAt(cursor, {}));
      ASSERT_TRUE(replica.Apply(window).ok());
    }
    for (;;) {
      const auto window = Value(source_->Next(cursor, {.max_versions = at_once}, {}));
      if (!window) break;
      SCOPED_TRACE(window->last_version);
      const Status applied = replica.Apply(*window);
      ASSERT_TRUE(applied.ok()) << Message(applied);
      EXPECT_LT(window->last_version - window->first_version, at_once);
      EXPECT_TRUE(Same(replica.Sorted(), RowsAt(window->last_version).value()));
      cursor = window->next;
    }
    EXPECT_TRUE(Same(replica.Sorted(), RowsAt(answers_.latest).value()));
  }
}

TEST_P(SparkTable, SmallBatchesAndPiecesReadTheSame) {
  const Window whole = Value(source_->Snapshot(std::nullopt, {}));
  const Rows expected = Value(ReadRowTexts(*source_, projection_, whole));
  for (const delta::ReadLimits limits :
       {delta::ReadLimits{.batch_rows = 1, .piece_bytes = 1},
        delta::ReadLimits{.batch_rows = 3, .batch_bytes = 50, .piece_bytes = 100},
        delta::ReadLimits{.batch_rows = 7, .piece_bytes = 1000, .log_cache_bytes = 1}}) {
    const auto source = Open(path_, projection_, limits);
    const Window window = Value(source->Snapshot(std::nullopt, {}));
    EXPECT_TRUE(Same(Value(ReadRowTexts(*source, projection_, window)), expected));
    if (GetParam().first >= answers_.latest) continue;
    const auto changes = Value(source->Next(Value(CursorAt(answers_.latest - 1)), {}, {}));
    const auto same = Value(source_->Next(Value(CursorAt(answers_.latest - 1)), {}, {}));
    EXPECT_TRUE(Same(Value(ReadEvents(*source, *changes)), Value(ReadEvents(*source_, *same))));
  }
}

TEST_P(SparkTable, CheckDescribesIt) {
  const SourceInfo info = Value(source_->Check({}));
  EXPECT_EQ(info.version, answers_.latest);
  EXPECT_EQ(info.columns, answers_.columns);
  EXPECT_EQ(info.column_types.size(), info.columns.size());
  EXPECT_EQ(info.has_change_feed, true);
  ASSERT_TRUE(info.rows.has_value());
  EXPECT_EQ(static_cast<size_t>(*info.rows), RowsAt(answers_.latest)->size());
}

INSTANTIATE_TEST_SUITE_P(Tables, SparkTable, ValuesIn(Cases()), [](const auto& test) {
  std::string name = test.param.name;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

}  // namespace
}  // namespace drift::testing
