// Tables of deltalake, another writer: every kind of commit, against its own change feed.
#include <random>

#include "tests/support/delta_ops.h"
#include "tests/unit/sources_delta/delta_test_util.h"

namespace drift::testing {
namespace {

const Projection kDocs{{"id"}, {"title", "body"}};

class Deltalake : public ::testing::Test {
 protected:
  void Create(const std::string& more = "") {
    ops_.Must(R"("op":"create","columns":{"id":"long","title":"string","body":"string"},
        "rows":[[1,"a","x"],[2,"b","y"],[3,"c","z"]])" +
                  more,
              path_);
  }

  // deltalake's feed of a range, in the words of ReadEvents().
  Events Feed(int64_t first, int64_t last) {
    const auto answer = Value(JsonDocument::Parse(
        Value(ops_.Run(fmt::format(R"("op":"changes","from":{},"to":{})", first, last), path_))));
    const JsonView columns = Value(answer.root().Get("columns"));
    std::map<std::string, size_t> at;
    for (size_t i = 0; i < columns.size(); ++i) at[std::string(Value(columns[i].String()))] = i;
    Events events;
    const JsonView rows = Value(answer.root().Get("rows"));
    for (size_t i = 0; i < rows.size(); ++i) {
      events.push_back(fmt::format("{} {} [{}]", rows[i][at["_commit_version"]].Dump(),
                                   Value(rows[i][at["_change_type"]].String()),
                                   rows[i][at["id"]].Dump()));
    }
    std::sort(events.begin(), events.end());
    return events;
  }

  // deltalake's rows at a version, in the words of Replica::Sorted().
  std::vector<std::string> RowsAt(int64_t version) {
    const auto answer = Value(JsonDocument::Parse(
        Value(ops_.Run(fmt::format(R"("op":"rows","version":{})", version), path_))));
    const JsonView columns = Value(answer.root().Get("columns"));
    const JsonView rows = Value(answer.root().Get("rows"));
    std::vector<std::string> texts;
    for (size_t i = 0; i < rows.size(); ++i) {
      std::string json;
      for (size_t c = 0; c < columns.size(); ++c) {
        json +=
            fmt::format("{}{}:{}", json.empty() ? "{" : ",", columns[c].Dump(), rows[i][c].Dump());
      }
      texts.push_back(Value(JsonDocument::Parse(json + "}")).root().Dump());
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }

  // Of the range first..latest: all windows together are deltalake's feed, and replayed from the
  // version before they give its rows.
  void Compare(int64_t first, int64_t latest) {
    const auto source = Open(path_, kDocs);
    Cursor cursor = Value(source->StartAt(first, {}));
    Replica replica(*source, kDocs);
    if (first > 0) {
      ASSERT_TRUE(replica.Apply(Value(source->SnapshotAt(cursor, {}))).ok());
    }
    Events events;
    for (;;) {
      const auto window = Value(source->Next(cursor, {}, {}));
      if (!window) break;
      const Events more = Value(ReadEvents(*source, *window));
      events.insert(events.end(), more.begin(), more.end());
      ASSERT_TRUE(replica.Apply(*window).ok());
      cursor = window->next;
    }
    std::sort(events.begin(), events.end());
    EXPECT_TRUE(Same(events, Feed(first, latest)));
    EXPECT_TRUE(Same(replica.Sorted(), RowsAt(latest)));
  }

  DeltaOps& ops_ = DeltaOps::Shared();
  const TempDir folder_;
  const std::string path_ = folder_ / "docs";
};

TEST_F(Deltalake, EveryKindOfCommit) {
  Create();
  EXPECT_EQ(ops_.Must(R"("op":"append","rows":[[4,"d","w"],[5,null,null]])", path_), 1);
  EXPECT_EQ(ops_.Must(R"("op":"update","set":{"body":"'new'"},"where":"id < 3")", path_), 2);
  EXPECT_EQ(ops_.Must(R"("op":"delete","where":"id = 3")", path_), 3);
  EXPECT_EQ(ops_.Must(R"("op":"merge","on":["id"],"rows":[[1,"m","m"],[9,"n","n"]])", path_), 4);
  EXPECT_EQ(ops_.Must(R"("op":"overwrite","rows":[[1,"o","o"],[2,"b","new"]])", path_), 5);
  EXPECT_EQ(ops_.Must(R"("op":"overwrite","rows":[[2,"p","p"]],"where":"id = 2")", path_), 6);
  EXPECT_EQ(ops_.Must(R"("op":"append","rows":[[6,"f","f"]])", path_), 7);
  const int64_t optimized = ops_.Must(R"("op":"optimize")", path_);
  const int64_t restored = ops_.Must(R"("op":"restore","version":4)", path_);
  EXPECT_GT(restored, optimized);
  Compare(0, restored);
  Compare(3, restored);
  Compare(restored, restored);
}

TEST_F(Deltalake, PartitionedTables) {
  Create(R"(,"partition_by":["title"])");
  ops_.Must(R"("op":"append","rows":[[4,null,"w"],[5,"e","w"]])", path_);
  ops_.Must(R"("op":"update","set":{"body":"'new'"},"where":"id >= 4")", path_);
  ops_.Must(R"("op":"update","set":{"title":"'moved'"},"where":"id = 5")", path_);
  const int64_t latest = ops_.Must(R"("op":"delete","where":"title = 'a'")", path_);
  Compare(0, latest);
}

TEST_F(Deltalake, CheckpointsAndALongLog) {
  ops_.Must(R"("op":"create","columns":{"id":"long","body":"string"},"rows":[])", path_);
  const int64_t latest = ops_.Must(R"("op":"many","commits":120,"rows_per_commit":2)", path_);
  EXPECT_EQ(latest, 120);
  const Projection projection{{"id"}, {"body"}};
  const auto source = Open(path_, projection);
  const auto window = Value(source->Next(Value(source->StartAt(0, {})), {.max_versions = 50}, {}));
  EXPECT_EQ(window->last_version, 49);
  const auto all = Value(source->Next(Value(source->StartAt(0, {})), {}, {}));
  EXPECT_EQ(all->last_version, 120);
  EXPECT_EQ(Value(ReadEvents(*source, *all)).size(), 240u);
  EXPECT_EQ(Value(source->Check({})).rows, 240);
}

// Random histories, some commits at once: always deltalake's own feed and rows.
TEST_F(Deltalake, RandomHistories) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  Create();
  int64_t latest = 0;
  for (int step = 0; step < 25; ++step) {
    const int id = static_cast<int>(random() % 12);
    std::string command;
    switch (random() % 7) {
      case 0:
      case 1:
        command = fmt::format(R"("op":"merge","on":["id"],"rows":[[{},"m","{}"],[{},null,"{}"]])",
                              id, step, id + 20, step);
        break;
      case 2:
        command = fmt::format(R"("op":"delete","where":"id % 5 = {}")", id % 5);
        break;
      case 3:
        command =
            fmt::format(R"("op":"update","set":{{"body":"'{}'"}},"where":"id > {}")", step, id);
        break;
      case 4:
        command = fmt::format(R"("op":"append","rows":[[{},"t","b"]])", 100 + step);
        break;
      case 5:
        command = R"("op":"optimize")";
        break;
      default:
        command =
            fmt::format(R"("op":"overwrite","rows":[[{},"o","{}"],[50,"o","same"]])", id, step);
        break;
    }
    latest = ops_.Must(command, path_);
    if (random() % 6 == 0) ops_.Must(R"("op":"checkpoint")", path_);
  }
  Compare(0, latest);
  Compare(static_cast<int64_t>(random() % static_cast<uint64_t>(latest)), latest);
}

}  // namespace
}  // namespace drift::testing
