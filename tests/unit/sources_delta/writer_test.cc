// Writing: what we write, we and deltalake read; conflicts are told apart.
#include <thread>

#include "core/reasons.h"
#include "sources/delta/delta_writer.h"
#include "tests/support/delta_ops.h"
#include "tests/unit/sources_delta/delta_test_util.h"

namespace drift::testing {
namespace {

using delta::DeltaColumn;
using delta::DeltaWriter;
using delta::NewTable;

const std::vector<DeltaColumn> kColumns = {
    {"id", "long", false}, {"day", "date"}, {"body", "string"}};

std::vector<Row> SomeRows(int64_t first, int count) {
  std::vector<Row> rows;
  for (int64_t id = first; id < first + count; ++id) {
    rows.push_back({id,
                    id % 3 == 0 ? drift::Value() : drift::Value(Date{static_cast<int32_t>(id % 3)}),
                    fmt::format("row {}", id)});
  }
  return rows;
}

class Writer : public ::testing::Test {
 protected:
  std::unique_ptr<DeltaWriter> Open() { return Value(DeltaWriter::Open({.table = path_})); }
  void Create(const NewTable& table) {
    const Status status = Open()->Create(table);
    ASSERT_TRUE(status.ok()) << Message(status);
  }
  Rows ReadBack() {
    const Projection projection{{"id"}, {"day", "body"}};
    const auto source = drift::testing::Open(path_, projection);
    Rows rows = Value(ReadRowTexts(*source, projection, Value(source->Snapshot(std::nullopt, {}))));
    return rows;
  }

  const TempDir folder_;
  const std::string path_ = folder_ / "deep/er/docs";
};

TEST_F(Writer, AppendsAreReadBackByUsAndByDeltalake) {
  Create({.columns = kColumns});
  const auto writer = Open();
  EXPECT_EQ(Value(writer->Append(kColumns, SomeRows(0, 5))), 1);
  EXPECT_EQ(Value(writer->Append(kColumns, SomeRows(5, 5))), 2);
  EXPECT_EQ(ReadBack().size(), 10u);
  EXPECT_EQ(ReadBack()[0], R"(2 {"body":"row 0","day":null,"id":0})");
  const std::string answer = Value(DeltaOps::Shared().Run(R"("op":"rows")", path_));
  const JsonDocument rows = Value(JsonDocument::Parse(answer));
  EXPECT_EQ(Value(rows.root().Get("rows")).size(), 10u);
  // The change feed is on from the start.
  const auto source = drift::testing::Open(path_, {{"id"}, {}});
  const auto window = Value(source->Next(Value(source->StartAt(2, {})), {}, {}));
  EXPECT_EQ(Value(ReadEvents(*source, *window)).size(), 5u);
}

TEST_F(Writer, PartitionedRowsGoWhereTheyBelong) {
  Create({.columns = kColumns, .partition_columns = {"day"}});
  EXPECT_EQ(Value(Open()->Append(kColumns, SomeRows(0, 7))), 1);
  EXPECT_EQ(ReadBack().size(), 7u);
  EXPECT_EQ(ReadBack()[1], R"(1 {"body":"row 1","day":"1970-01-02","id":1})");
  const std::string answer = Value(DeltaOps::Shared().Run(R"("op":"rows")", path_));
  EXPECT_NE(answer.find("1970-01-03"), std::string::npos) << answer;
}

TEST_F(Writer, ASecondWriterOnTheSameBaseIsRefused) {
  Create({.columns = kColumns});
  const auto one = Open(), two = Open();
  delta::DeltaAppend first = Value(one->Begin());
  delta::DeltaAppend second = Value(two->Begin());
  ASSERT_TRUE(first.Write(kColumns, SomeRows(0, 1)).ok());
  ASSERT_TRUE(second.Write(kColumns, SomeRows(1, 1)).ok());
  EXPECT_EQ(Value(first.Commit()), 1);
  EXPECT_TRUE(Fails(second.Commit(), StatusCode::kAborted, "",
                    "docs: version 1 was committed by somebody else"));
  EXPECT_EQ(ReadBack().size(), 1u);
  EXPECT_EQ(Value(two->Append(kColumns, SomeRows(1, 1))), 2);
  EXPECT_EQ(second.Commit().status().code(), StatusCode::kInternal);
}

TEST_F(Writer, OfManyAtOnceEachVersionIsOnes) {
  Create({.columns = kColumns});
  constexpr int kThreads = 4, kEach = 5;
  std::atomic<int> conflicts{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto writer = Open();
      for (int i = 0; i < kEach;) {
        const auto version = writer->Append(kColumns, SomeRows(100 * t + i, 1));
        if (version.ok()) ++i;
        if (!version.ok()) {
          ASSERT_EQ(version.status().code(), StatusCode::kAborted) << Message(version.status());
          ++conflicts;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ReadBack().size(), static_cast<size_t>(kThreads * kEach));
  const auto source = drift::testing::Open(path_, {{"id"}, {}});
  EXPECT_EQ(Value(source->Check({})).version, kThreads * kEach);
}

TEST_F(Writer, AbandonedAppendsLeaveTheTableAsItWas) {
  Create({.columns = kColumns});
  const auto writer = Open();
  {
    delta::DeltaAppend append = Value(writer->Begin());
    ASSERT_TRUE(append.Write(kColumns, SomeRows(0, 3)).ok());
  }
  EXPECT_TRUE(ReadBack().empty());
  EXPECT_EQ(Value(writer->Append(kColumns, SomeRows(0, 1))), 1);
}

TEST_F(Writer, SaysWhatIsWrong) {
  EXPECT_TRUE(Fails(Open()->Begin().status(), StatusCode::kNotFound, reason::kTableNotFound,
                    "no Delta table here (no such folder)"));
  Create({.columns = kColumns});
  EXPECT_TRUE(Fails(Open()->Create({.columns = kColumns}), StatusCode::kAlreadyExists, "",
                    "docs: there is a Delta table already"));
  const std::vector<DeltaColumn> wrong = {{"id", "string"}};
  const std::vector<Row> rows = {{std::string("x")}};
  EXPECT_FALSE(Open()->Append(wrong, rows).ok());
  EXPECT_TRUE(Fails(Open()->Append(kColumns, rows).status(), StatusCode::kInvalidArgument, "",
                    "docs: row 0 has 1 cells for 3 columns"));
  EXPECT_FALSE(Value(DeltaWriter::Open({.table = folder_ / "odd"}))
                   ->Create({.columns = {{"x", "no such type"}}})
                   .ok());
}

TEST_F(Writer, ColumnsThatRowsDoNotHaveAreNull) {
  Create({.columns = kColumns});
  const std::vector<DeltaColumn> some = {{"id", "long", false}};
  const std::vector<Row> rows = {{int64_t{1}}};
  EXPECT_EQ(Value(Open()->Append(some, rows)), 1);
  EXPECT_EQ(ReadBack(), Rows{R"(1 {"body":null,"day":null,"id":1})"});
}

TEST_F(Writer, DeltalakesTablesAreWritable) {
  DeltaOps& ops = DeltaOps::Shared();
  ops.Must(R"("op":"create","feed":false,"columns":{"id":"long","day":"date","body":"string"})",
           path_);
  const auto version = Open()->Append(kColumns, SomeRows(0, 1));
  EXPECT_EQ(Value(version), 1);
}

}  // namespace
}  // namespace drift::testing
