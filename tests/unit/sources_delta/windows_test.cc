// How far windows go, and what they call their columns.
#include "base/text_file.h"
#include "core/reasons.h"
#include "sources/delta/delta_cursor.h"
#include "sources/delta/window_plan.h"
#include "tests/support/delta_ops.h"
#include "tests/support/delta_table.h"
#include "tests/unit/sources_delta/delta_test_util.h"

namespace drift::testing {
namespace {

using delta::CommitInfo;
using delta::PlanWindow;

// "0-3 4-4" of all windows from `from` on.
std::string Windows(Source& source, Cursor from, const WindowLimits& limits = {}) {
  std::string text;
  for (;;) {
    const auto window = source.Next(from, limits, {});
    if (!window.ok()) return text + std::string(Reason(window.status()));
    if (!*window) return text;
    text += fmt::format("{}{}-{} ", (*window)->kind == Window::Kind::kSnapshot ? "snapshot " : "",
                        (*window)->first_version, (*window)->last_version);
    from = (*window)->next;
  }
}

Cursor Start(Source& source, int64_t version) {
  return Value(source.StartAt(version, {}));
}

std::vector<CommitInfo> Commits(std::vector<int64_t> bytes) {
  std::vector<CommitInfo> commits;
  for (const int64_t size : bytes) {
    commits.push_back(
        {.version = static_cast<int64_t>(commits.size()) + 5, .bytes = size, .change_feed = true});
  }
  return commits;
}

TEST(PlanWindow, TakesAllThatFits) {
  EXPECT_EQ(PlanWindow(Commits({1, 1, 1}), {}), 7);
  EXPECT_EQ(PlanWindow(Commits({1, 1, 1}), {.max_versions = 2}), 6);
  EXPECT_EQ(PlanWindow(Commits({1, 1, 1}), {.max_versions = 0}), 5);
  EXPECT_EQ(PlanWindow(Commits({10, 10, 10}), {.max_bytes = 20}), 6);
  EXPECT_EQ(PlanWindow(Commits({100, 1, 1}), {.max_bytes = 20}), 5);
  EXPECT_EQ(PlanWindow(Commits({0, 100, 0}), {.max_bytes = 20}), 5);
}

TEST(PlanWindow, EndsBeforeTheSchemaChangesOrTheFeedGoesOff) {
  auto commits = Commits({1, 1, 1, 1});
  commits[2].schema_changed = true;
  EXPECT_EQ(PlanWindow(commits, {}), 6);
  commits = Commits({1, 1, 1, 1});
  commits[3].change_feed = false;
  EXPECT_EQ(PlanWindow(commits, {}), 7);
}

TEST(Windows, AreBoundedByVersionsAndBytes) {
  const auto source = Open(SparkTables() + "/basic", {{"id"}, {"body"}});
  EXPECT_EQ(Windows(*source, Start(*source, 0)), "0-7 ");
  EXPECT_EQ(Windows(*source, Start(*source, 0), {.max_versions = 3}), "0-2 3-5 6-7 ");
  EXPECT_EQ(Windows(*source, Start(*source, 0), {.max_bytes = 1}),
            "0-0 1-1 2-2 3-3 4-4 5-5 6-6 7-7 ");
  EXPECT_EQ(Windows(*source, Start(*source, 8)), "");
}

TEST(Windows, EndBeforeASchemaChange) {
  const auto mapped = Open(SparkTables() + "/column_mapping", {{"doc_id"}, {"content"}});
  EXPECT_EQ(Windows(*mapped, Start(*mapped, 0)), "0-2 3-3 4-5 6-8 9-10 ");
  // A comment counts too; the schema of versions 0 to 1 comes back at 6.
  const auto evolving = Open(SparkTables() + "/evolving", {{"id"}, {"body"}});
  EXPECT_EQ(Windows(*evolving, Start(*evolving, 0)), "0-1 2-3 4-5 6-7 ");
  const auto widening = Open(SparkTables() + "/widening", {{"id"}, {"body"}});
  EXPECT_EQ(Windows(*widening, Start(*widening, 0)), "0-1 2-2 3-5 6-6 ");
}

TEST(Windows, GoOverPropertiesMaintenanceAndReplacement) {
  const auto maintenance = Open(SparkTables() + "/maintenance", {{"id"}, {"body"}});
  EXPECT_EQ(Windows(*maintenance, Start(*maintenance, 0)), "0-11 ");
  const auto replaced = Open(SparkTables() + "/replaced", {{"id"}, {"body"}});
  EXPECT_EQ(Windows(*replaced, Start(*replaced, 0)), "0-3 ");
}

TEST(Windows, MetadataOfAColumnThatChangesWithEachCommitMakesEachAWindow) {
  // As identity columns do, whose high-water mark lies in the column's metadata.
  const TempDir folder;
  DeltaTestTable table(folder / "t");
  for (int i = 0; i < 3; ++i) {
    const int64_t version = table.Append({{i, "t", "b"}});
    std::string commit = Value(ReadTextFile(CommitFile(table.path(), version)));
    const std::string first = Value(ReadTextFile(CommitFile(table.path(), 0)));
    const size_t at = first.find(R"({"metaData")");
    std::string meta = first.substr(at, first.find('\n', at) - at);
    const std::string blank = R"(\"metadata\":{})";
    meta.replace(meta.find(blank), blank.size(), fmt::format(R"(\"metadata\":{{\"mark\":{}}})", i));
    WriteCommit(table.path(), version, commit + meta + "\n");
  }
  const auto source = table.Open();
  EXPECT_EQ(Windows(*source, Start(*source, 0)), "0-0 1-1 2-2 3-3 ");
  const auto window = Value(source->Next(Start(*source, 2), {}, {}));
  EXPECT_EQ(Value(ReadEvents(*source, *window)), Events{"2 insert [1]"});
}

TEST(Windows, AVersionThatOnlyAltersHasNoRows) {
  const auto source = Open(SparkTables() + "/column_mapping", {{"doc_id"}, {"content"}});
  for (const int64_t version : {0, 3, 4, 6, 9}) {
    const auto window = Value(source->Next(Start(*source, version), {.max_versions = 1}, {}));
    EXPECT_EQ(window->last_version, version);
    EXPECT_TRUE(Value(ReadEvents(*source, *window)).empty());
    EXPECT_TRUE(Value(ReadBatches(*source, *window)).empty());
  }
}

TEST(Windows, RenamedColumnsAreReadByTheirOldNamesAndLaterOnesAreNull) {
  const Projection projection{{"doc_id"}, {"content", "lang"}};
  const auto source = Open(SparkTables() + "/column_mapping", projection);
  const auto window = Value(source->Next(Start(*source, 2), {.max_versions = 1}, {}));
  EXPECT_EQ(Value(ReadRowTexts(*source, projection, *window)),
            Rows{R"(2 {"content":"x","doc_id":3,"lang":null})"});
}

TEST(Windows, CutEndsEarlier) {
  const Projection projection{{"id"}, {"body"}};
  const auto source = Open(SparkTables() + "/basic", projection);
  const Window whole = *Value(source->Next(Start(*source, 2), {}, {}));
  ASSERT_EQ(whole.last_version, 7);
  const Window cut = Value(source->Cut(whole, 4, {}));
  EXPECT_EQ(cut.first_version, 2);
  EXPECT_EQ(cut.last_version, 4);
  const Window planned = *Value(source->Next(Start(*source, 2), {.max_versions = 3}, {}));
  EXPECT_EQ(cut.next, planned.next);
  EXPECT_EQ(Value(ReadEvents(*source, cut)), Value(ReadEvents(*source, planned)));
  EXPECT_EQ(Windows(*source, cut.next), "5-7 ");
  EXPECT_TRUE(Fails(source->Cut(whole, 7, {}), StatusCode::kInvalidArgument, "",
                    "a window of versions 2 to 7 cannot end at version 7"));
  EXPECT_EQ(source->Cut(whole, 1, {}).status().code(), StatusCode::kInvalidArgument);
}

TEST(Windows, StartAtAnyVersionUpToTheNext) {
  const auto source = Open(SparkTables() + "/basic", {{"id"}, {"body"}});
  EXPECT_EQ(Windows(*source, Start(*source, 5)), "5-7 ");
  EXPECT_TRUE(Fails(source->StartAt(9, {}), StatusCode::kInvalidArgument, "",
                    "there is no version 9 to start at; the latest is 7"));
  EXPECT_EQ(source->StartAt(-1, {}).status().code(), StatusCode::kInvalidArgument);
  const Lag lag = Value(source->Behind(Start(*source, 5), {}));
  EXPECT_EQ(lag.latest_version, 7);
  EXPECT_EQ(lag.versions, 3);
  EXPECT_EQ(lag.oldest_unapplied, Value(source->CommittedAt(5, {})));
  const Lag none = Value(source->Behind(Start(*source, 8), {}));
  EXPECT_EQ(none.versions, 0);
  EXPECT_FALSE(none.oldest_unapplied.has_value());
}

TEST(Windows, TheFeedGoingOffIsNamedAfterWhatCameBefore) {
  const auto source = Open(SparkTables() + "/cdf_late", {{"id"}, {"body"}});
  EXPECT_EQ(Windows(*source, Start(*source, 3)), "3-5 CHANGE_FEED_OFF");
  EXPECT_TRUE(Fails(source->Next(Start(*source, 6), {}, {}), StatusCode::kFailedPrecondition,
                    reason::kFeedOff, "cdf_late: the change feed is off at version 6"));
  EXPECT_EQ(Windows(*source, Start(*source, 0)), "CHANGE_FEED_OFF");
  EXPECT_EQ(Windows(*source, Start(*source, 8)), "8-9 ");
}

TEST(Windows, WithoutAFeedATableIsReadAnewWhenItMoved) {
  DeltaOps& ops = DeltaOps::Shared();
  const TempDir folder;
  const std::string path = folder / "t";
  ops.Must(R"("op":"create","feed":false,"columns":{"id":"long","body":"string"},
      "rows":[[1,"a"],[2,"b"]])",
           path);
  const Projection projection{{"id"}, {"body"}};
  const auto source = Open(path, projection);
  EXPECT_FALSE(Value(source->Check({})).has_change_feed);
  EXPECT_TRUE(Fails(source->StartAt(0, {}), StatusCode::kFailedPrecondition, reason::kFeedOff,
                    "there is no change feed to start from at version 0"));
  const Window first = Value(source->Snapshot(std::nullopt, {}));
  EXPECT_FALSE(Value(source->Next(first.next, {}, {})).has_value());
  ops.Must(R"("op":"delete","where":"id = 1")", path);
  EXPECT_EQ(Value(source->Behind(first.next, {})).versions, 1);
  const Window second = *Value(source->Next(first.next, {}, {}));
  EXPECT_EQ(second.kind, Window::Kind::kSnapshot);
  EXPECT_EQ(Value(ReadRowTexts(*source, projection, second)), Rows{R"(1 {"body":"b","id":2})"});
  // Switched on at 2: what is missing still lies before it, so one more snapshot is needed; from
  // then on the feed serves.
  ops.Must(R"("op":"append","rows":[[3,"c"]])", path);
  ops.Must(R"("op":"properties","set":{"delta.enableChangeDataFeed":"true"})", path);
  const Window third = *Value(source->Next(second.next, {}, {}));
  EXPECT_EQ(third.kind, Window::Kind::kSnapshot);
  ops.Must(R"("op":"append","rows":[[4,"d"]])", path);
  EXPECT_EQ(Windows(*source, third.next), "4-4 ");
}

TEST(Windows, TheFeedServesFromTheVersionOnThatSwitchedItOn) {
  const auto source = Open(SparkTables() + "/no_feed", {{"id"}, {"body"}});
  const std::string id = Value(source->Check({})).table_id;
  const auto at = [&](int64_t version) {
    return delta::ToCursor({.version = version, .table_id = id, .feed = false});
  };
  EXPECT_EQ(Windows(*source, at(4)), "5-6 ");
  EXPECT_EQ(Windows(*source, at(5)), "6-6 ");
  EXPECT_EQ(Windows(*source, at(3)), "snapshot 6-6 ");
}

TEST(Windows, SayWhenAVersionWasCommitted) {
  // In-commit timestamps hold, whatever the file's time is.
  const TempDir folder;
  const std::string modern = CopyTable("modern", folder / "modern");
  const auto before = Value(Open(modern, {{"id"}, {}})->CommittedAt(2, {}));
  ASSERT_EQ(std::system(fmt::format("touch {}/_delta_log/*.json", modern).c_str()), 0);
  EXPECT_EQ(Value(Open(modern, {{"id"}, {}})->CommittedAt(2, {})), before);
  const std::string cleaned = SparkTables() + "/log_cleaned";
  EXPECT_TRUE(Fails(Open(cleaned, {{"id"}, {}})->CommittedAt(3, {}), StatusCode::kNotFound, "",
                    "the commit of version 3 was cleaned away"));
}

TEST(Windows, ColumnsWantedTwiceAndKeysAmongThem) {
  const Projection projection{{"id"}, {"body", "id", "body"}};
  const auto source = Open(SparkTables() + "/many_in_one", projection);
  const Window window = *Value(source->Next(Start(*source, 11), {.max_versions = 1}, {}));
  const auto batches = Value(ReadBatches(*source, window));
  ASSERT_EQ(batches.size(), 1u);
  const Row& cells = batches[0].rows[0].cells;
  ASSERT_EQ(cells.size(), 4u);
  EXPECT_EQ(cells[0], cells[2]);
  EXPECT_EQ(cells[1], cells[3]);
  EXPECT_EQ(cells[1], drift::Value(std::string("inserted again")));
}

}  // namespace
}  // namespace drift::testing
