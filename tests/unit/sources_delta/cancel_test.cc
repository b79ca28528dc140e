// Stopping, and being used by many at once.
#include <chrono>
#include <thread>

#include "tests/support/delta_table.h"
#include "tests/support/process.h"
#include "tests/unit/sources_delta/delta_test_util.h"

namespace drift::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPrompt{100};

class Cancel : public ::testing::Test {
 protected:
  Cancel() {
    for (int commit = 0; commit < 20; ++commit) {
      std::vector<DeltaTestTable::Doc> docs;
      for (int i = 0; i < 5000; ++i) docs.push_back({next_id_++, "title", std::string(200, 'b')});
      table_.Append(docs);
    }
  }
  const TempDir folder_;
  DeltaTestTable table_{folder_ / "docs"};
  int64_t next_id_ = 0;
};

TEST_F(Cancel, BeforeAnything) {
  const auto source = table_.Open();
  const Window window = Value(source->Snapshot(std::nullopt, {}));
  std::stop_source stop;
  stop.request_stop();
  const auto token = stop.get_token();
  const auto expect = [](const Status& status) {
    EXPECT_EQ(status.code(), StatusCode::kCancelled) << Message(status);
  };
  expect(source->Check(token).status());
  expect(source->Behind(window.next, token).status());
  expect(source->Snapshot(std::nullopt, token).status());
  expect(source->Next(window.next, {}, token).status());
  expect(source->StartAt(3, token).status());
  const auto keys = Value(source->ReadKeys(window, {}));
  expect(keys->Next(token).status());
  const auto rows = Value(source->ReadRows(window, {}));
  expect(rows->Next(token).status());
  // Nothing of it sticks.
  EXPECT_EQ(Value(ReadEvents(*source, window)).size(), 100'000u);
}

TEST_F(Cancel, InTheMiddleOfReading) {
  const auto source = table_.Open();
  const Window snapshot = Value(source->Snapshot(std::nullopt, {}));
  const Window changes = *Value(source->Next(Value(source->StartAt(0, {})), {}, {}));
  for (const Window& window : {snapshot, changes}) {
    for (const int delay : {0, 1, 5, 20}) {
      std::stop_source stop;
      steady_clock::time_point asked;
      std::jthread stopper([&] {
        std::this_thread::sleep_for(milliseconds(delay));
        asked = steady_clock::now();
        stop.request_stop();
      });
      Status status;
      // Over and over, so that the stop always comes in time.
      while (status.ok()) {
        const auto stream = source->ReadRows(window, stop.get_token());
        status = stream.status();
        for (bool more = true; status.ok() && more;) {
          const auto batch = (*stream)->Next(stop.get_token());
          status = batch.status();
          more = batch.ok() && batch->has_value();
        }
      }
      const auto ended = steady_clock::now();
      stopper.join();
      EXPECT_EQ(status.code(), StatusCode::kCancelled) << Message(status);
      EXPECT_LT(ended - asked, kPrompt);
    }
  }
}

TEST_F(Cancel, OneStreamStoppedLeavesTheOthersAlone) {
  const auto source = table_.Open();
  const Window window = Value(source->Snapshot(std::nullopt, {}));
  std::vector<std::thread> threads;
  std::atomic<int64_t> read{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back(
        [&] { read += static_cast<int64_t>(Value(ReadEvents(*source, window)).size()); });
  }
  for (int i = 0; i < 10; ++i) {
    std::stop_source stop;
    const auto rows = Value(source->ReadRows(window, stop.get_token()));
    ASSERT_TRUE(rows->Next(stop.get_token()).ok());
    stop.request_stop();
    EXPECT_EQ(rows->Next(stop.get_token()).status().code(), StatusCode::kCancelled);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(read, 400'000);
}

TEST_F(Cancel, ManyThreadsShareASource) {
  const auto source = table_.Open();
  const Cursor start = Value(source->StartAt(0, {}));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Cursor cursor = start;
      int64_t rows = 0;
      for (;;) {
        EXPECT_TRUE(source->Behind(cursor, {}).ok());
        const auto window = Value(source->Next(cursor, {.max_versions = t + 1}, {}));
        if (!window) break;
        for (const RowBatch& batch : Value(ReadBatches(*source, *window))) {
          rows += static_cast<int64_t>(batch.rows.size());
        }
        cursor = window->next;
      }
      EXPECT_EQ(rows, 100'000);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Cancel, AStreamIsDroppedHalfWay) {
  const auto source = table_.Open();
  const Window window = Value(source->Snapshot(std::nullopt, {}));
  for (int i = 0; i < 20; ++i) {
    const auto rows = Value(source->ReadRows(window, {}));
    ASSERT_TRUE(rows->Next({}).ok());
  }
}

}  // namespace
}  // namespace drift::testing
