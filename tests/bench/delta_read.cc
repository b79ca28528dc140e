// How fast a Delta table is read: both passes, over a snapshot and over the change feed, and what a
// poll of an idle table costs.
//   delta_read [--rows N] [--commits N] [--text BYTES] [--table /abs/path]
// Without --table: one in a temporary folder, gone afterwards. With it: made there if it is not
// there, so that delta_read.py can read the same one with deltalake.
#include <fmt/core.h>
#include <time.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sources/delta/delta_source.h"
#include "sources/delta/delta_writer.h"
#include "tests/support/process.h"

namespace drift {
namespace {

void Check(const Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "error: {}\n", Message(status));
  std::exit(1);
}

template <typename T>
T Must(StatusOr<T> result) {
  Check(result.status());
  return std::move(*result);
}

struct Options {
  int64_t rows = 1'000'000;
  int64_t commits = 10;
  int64_t text = 200;
  std::string table;
};

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Prints "name: N rows in S s, R rows/s, first after F s".
template <typename Read>
void Measure(std::string_view name, Read read) {
  const MonoTime begin = Clock::Real().Mono();
  const auto since = [&] {
    return std::chrono::duration<double>(Clock::Real().Mono() - begin).count();
  };
  const double cpu = CpuSeconds();
  double first = 0;
  int64_t rows = 0;
  read([&](size_t count) {
    if (rows == 0) first = since();
    rows += static_cast<int64_t>(count);
  });
  const double seconds = since();
  fmt::print(
      "{:<28} {:>10} rows {:>8.3f} s {:>12.0f} rows/s  cpu {:>6.2f} s  first {:.3f} s  peak {:.0f} "
      "MB\n",
      name, rows, seconds, static_cast<double>(rows) / seconds, CpuSeconds() - cpu, first,
      testing::PeakMegabytes());
}

std::string MakeText(uint64_t& state, int64_t bytes) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz     ";
  std::string text(static_cast<size_t>(bytes), ' ');
  for (char& c : text) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    c = kLetters[(state >> 33) % kLetters.size()];
  }
  return text;
}

void MakeTable(const Options& options) {
  const std::vector<delta::DeltaColumn> columns = {{"id", "long"},
                                                   {"shard", "integer"},
                                                   {"text", "string"},
                                                   {"score", "double"},
                                                   {"day", "date"}};
  const auto writer = Must(delta::DeltaWriter::Open({.table = options.table}));
  Check(writer->Create({.columns = columns}));
  constexpr int64_t kFileRows = 50'000;
  uint64_t state = 42;
  int64_t id = 0;
  for (int64_t commit = 0; commit < options.commits; ++commit) {
    delta::DeltaAppend append = Must(writer->Begin());
    const int64_t end = options.rows * (commit + 1) / options.commits;
    while (id < end) {
      std::vector<Row> rows;
      for (; id < end && rows.size() < kFileRows; ++id) {
        rows.push_back({id, id % 97, MakeText(state, options.text), static_cast<double>(id) / 3,
                        Date{static_cast<int32_t>(id % 20'000)}});
      }
      Check(append.Write(columns, rows));
    }
    Must(append.Commit());
  }
}

void ReadWindow(Source& source, const Window& window, std::string_view name) {
  Measure(fmt::format("{}, keys", name), [&](auto count) {
    const auto keys = Must(source.ReadKeys(window, {}));
    for (;;) {
      const auto events = Must(keys->Next({}));
      if (events.empty()) break;
      count(events.size());
    }
  });
  Measure(fmt::format("{}, rows", name), [&](auto count) {
    const auto rows = Must(source.ReadRows(window, {}));
    for (;;) {
      const auto batch = Must(rows->Next({}));
      if (!batch) break;
      count(batch->rows.size());
    }
  });
}

void MeasurePolls(Source& source, const Cursor& cursor) {
  constexpr int kPolls = 2000;
  const MonoTime begin = Clock::Real().Mono();
  const double cpu = CpuSeconds();
  for (int i = 0; i < kPolls; ++i) Must(source.Behind(cursor, {}));
  const double seconds = std::chrono::duration<double>(Clock::Real().Mono() - begin).count();
  fmt::print("{:<28} {:>10.3f} ms each, cpu {:.3f} ms\n", "poll, nothing new",
             1000 * seconds / kPolls, 1000 * (CpuSeconds() - cpu) / kPolls);
}

void Run(const Options& options) {
  if (!std::filesystem::exists(options.table)) MakeTable(options);
  const auto source = Must(delta::OpenDelta({.table = options.table}, {{"id"}, {"shard", "text"}}));
  ReadWindow(*source, Must(source->Snapshot(std::nullopt, {})), "snapshot");
  const Window changes =
      *Must(source->Next(Must(source->StartAt(0, {})), {.max_bytes = size_t{1} << 40}, {}));
  ReadWindow(*source, changes, "changes");
  MeasurePolls(*source, changes.next);
}

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--rows") options.rows = std::atoll(argv[i + 1]);
    if (name == "--commits") options.commits = std::atoll(argv[i + 1]);
    if (name == "--text") options.text = std::atoll(argv[i + 1]);
    if (name == "--table") options.table = argv[i + 1];
  }
  return options;
}

}  // namespace
}  // namespace drift

int main(int argc, char** argv) {
  drift::Options options = drift::Parse(argc, argv);
  const drift::testing::TempDir folder;
  if (options.table.empty()) options.table = folder / "table";
  drift::Run(options);
}
