// How the ledger fares with many rows: bytes per row, rates, latencies.
//   ledger_bench [--rows N] [--url sqlite:///abs/x.db | postgresql://...] [--plan-only yes]
// Without --url: a SQLite ledger in a temporary folder.
#include <fmt/core.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "base/uri.h"
#include "core/key.h"
#include "ledger/open.h"
#include "net/pg.h"
#include "tests/support/process.h"

namespace drift {
namespace {

constexpr int64_t kBatch = 2000;
constexpr int64_t kPlanBatches = 200;
constexpr char kPipeline[] = "bench";

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

double ThreadCpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Seconds by the clock and of CPU, summed over what is timed: on a busy machine the two differ.
class Stopwatch {
 public:
  template <typename F>
  auto Time(F work) {
    const MonoTime begin = Clock::Real().Mono();
    const double cpu = ThreadCpuSeconds();
    auto result = work();
    cpu_ += ThreadCpuSeconds() - cpu;
    last_ = std::chrono::duration<double>(Clock::Real().Mono() - begin).count();
    seconds_ += last_;
    return result;
  }
  double seconds() const { return seconds_; }
  double last() const { return last_; }
  std::string Rate(int64_t count) const {
    const auto number = static_cast<double>(count);
    return fmt::format("{:.0f}/s ({:.0f} per CPU second)", number / seconds_, number / cpu_);
  }

 private:
  double seconds_ = 0;
  double cpu_ = 0;
  double last_ = 0;
};

// What the ledger occupies, in bytes: the file and its log, or all tables with their indexes.
double SizeOf(const Uri& uri) {
  if (uri.scheme == "sqlite") {
    std::error_code ignored;
    const auto log = std::filesystem::file_size(uri.path + "-wal", ignored);
    return static_cast<double>(std::filesystem::file_size(uri.path)) +
           (ignored ? 0 : static_cast<double>(log));
  }
  const auto pg = Must(PgConnection::Open(Must(PgOptionsFromUri(uri)), {}));
  const auto size =
      Must(pg->Execute("SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c"
                       " JOIN pg_namespace n ON n.oid = c.relnamespace"
                       " WHERE n.nspname = 'drift' AND c.relkind = 'r'",
                       {}));
  return static_cast<double>(size.Int(0, 0));
}

void PrintSize(const Uri& uri, int64_t rows, std::string_view when) {
  const double bytes = SizeOf(uri);
  fmt::print("size {}: {:.0f} MB, {:.1f} bytes per row\n", when, bytes / 1e6,
             bytes / static_cast<double>(rows));
}

// 16 bytes, in an order that has nothing to do with the row's number.
std::string KeyOf(int64_t row) {
  uint64_t state = static_cast<uint64_t>(row) * 0x9e3779b97f4a7c15ULL;
  return fmt::format("[\"{:012x}\"]", SplitMix64(state) >> 16);
}

Sha256Digest TextOf(int64_t row, int64_t edition) {
  return Sha256(fmt::format("{}/{}", row, edition));
}

RowState StateOf(int64_t row, int64_t edition) {
  RowState state;
  state.key = KeyOf(row);
  const Sha256Digest text = TextOf(row, edition);
  std::copy_n(text.rbegin(), state.content.size(), state.content.begin());
  state.guard = {1, edition};
  state.chunks.push_back({text, 400, 96, false, 1920});
  return state;
}

class Bench {
 public:
  Bench(Ledger& ledger, int64_t rows) : ledger_(ledger), rows_(rows) {
    target_ = Must(ledger.OpenTarget({kPipeline, "shadow/256", "shadow-256", 256, "sqlite:///x"}));
    run_.id = "01BENCH0000000000000000000";
    run_.pipeline = kPipeline;
    Must(ledger.CreateRun(run_));
  }

  void Load() {
    if (target_.rows > 0) return;  // of an earlier run, by --url
    Stopwatch plan;
    Stopwatch all;
    Stopwatch tail;
    double worst = 0;
    for (int64_t from = 0; from < rows_; from += kBatch) {
      Stopwatch& watch = from >= rows_ - rows_ / 10 ? tail : all;
      std::vector<RowState> rows;
      std::vector<std::string> keys;
      for (int64_t i = from; i < std::min(rows_, from + kBatch); ++i) {
        rows.push_back(StateOf(i, 1));
        keys.push_back(rows.back().key);
      }
      plan.Time([&] { return Must(ledger_.LoadRows(target_.id, keys)); });
      StageAndCommit(watch, std::move(rows), {});
      worst = std::max(worst, watch.last());
    }
    fmt::print("planning, {} new keys at a time: {}\n", kBatch, plan.Rate(rows_));
    fmt::print(
        "stage+commit, new rows in batches of {}: {}; the last tenth {}; slowest {:.0f} ms\n",
        kBatch, all.Rate(rows_ - rows_ / 10), tail.Rate(rows_ / 10), worst * 1e3);
  }

  void Plan(bool random) {
    Stopwatch watch;
    int64_t found = 0;
    for (int64_t batch = 0; batch < kPlanBatches; ++batch) {
      std::vector<std::string> keys;
      const int64_t from = batch * kBatch % std::max<int64_t>(1, rows_ - kBatch);
      for (int64_t i = 0; i < kBatch; ++i)
        keys.push_back(KeyOf(random ? Random() % rows_ : from + i));
      found += static_cast<int64_t>(
          watch.Time([&] { return Must(ledger_.LoadRows(target_.id, keys)).size(); }));
    }
    fmt::print("planning, {} keys at a time in {} order: {}; {} found\n", kBatch,
               random ? "random" : "table", watch.Rate(kPlanBatches * kBatch), found);
  }

  void Texts(bool known) {
    Stopwatch watch;
    int64_t found = 0;
    for (int64_t batch = 0; batch < kPlanBatches / 4; ++batch) {
      std::vector<Sha256Digest> texts;
      for (int64_t i = 0; i < kBatch; ++i)
        texts.push_back(TextOf(Random() % rows_, known ? 1 : -1));
      found += static_cast<int64_t>(watch.Time(
          [&] { return Must(ledger_.FindTexts("shadow-256", 256, texts, target_.id)).size(); }));
    }
    fmt::print("looking for {} texts: {}; {} found\n", known ? "known" : "new",
               watch.Rate(kPlanBatches / 4 * kBatch), found);
  }

  void Update() {
    Stopwatch watch;
    constexpr int64_t kBatches = 50;
    for (int64_t batch = 0; batch < kBatches; ++batch) {
      std::vector<RowState> rows;
      for (int64_t i = 0; i < kBatch; ++i) rows.push_back(StateOf(Random() % rows_, 2 + batch));
      StageAndCommit(watch, std::move(rows), {});
    }
    fmt::print("stage+commit, random updates: {}\n", watch.Rate(kBatches * kBatch));
  }

  void Delete() {
    Stopwatch watch;
    constexpr int64_t kBatches = 10;
    for (int64_t batch = 0; batch < kBatches; ++batch) {
      std::vector<RowDeletion> rows;
      for (int64_t i = 0; i < kBatch; ++i) {
        rows.push_back({KeyOf(batch * kBatch + i), {1, 100}, 1});
      }
      StageAndCommit(watch, {}, std::move(rows));
    }
    fmt::print("stage+commit, deletes: {}\n", watch.Rate(kBatches * kBatch));
  }

  void Provenance(std::string_view what, bool by_point, bool deleted) {
    constexpr int kLookUps = 500;
    std::vector<double> times;
    for (int i = 0; i < kLookUps; ++i) {
      // The first rows were deleted.
      const int64_t row = deleted ? i : rows_ - 1 - Random() % (rows_ / 2);
      ProvenanceFilter filter;
      filter.pipeline = by_point ? "" : kPipeline;
      if (by_point)
        filter.point_id = PointId(kPipeline, KeyOf(row), 0);
      else
        filter.keys = {KeyOf(row)};
      Stopwatch watch;
      const auto page = watch.Time([&] { return Must(ledger_.FindProvenance(filter)); });
      if (page.records.size() != 1 || page.records[0].deleted != deleted) {
        Check(Internal("provenance of row {}: {} records", row, page.records.size()));
      }
      times.push_back(watch.seconds() * 1e3);
    }
    std::sort(times.begin(), times.end());
    fmt::print("provenance {}: median {:.3f} ms, 99 % {:.3f} ms, worst {:.3f} ms\n", what,
               times[kLookUps / 2], times[kLookUps * 99 / 100], times.back());
  }

  void Scan() {
    Stopwatch first;
    Stopwatch rest;
    std::string after;
    int64_t rows = 0;
    for (;;) {
      Stopwatch& watch = after.empty() ? first : rest;
      const auto page =
          watch.Time([&] { return Must(ledger_.ScanRows(target_.id, after, kBatch)); });
      rows += static_cast<int64_t>(page.size());
      if (page.size() < static_cast<size_t>(kBatch)) break;
      after = page.back().key;
    }
    fmt::print("scan of {} rows in key order: first page {:.2f} s, the rest {:.2f} s\n", rows,
               first.seconds(), rest.seconds());
  }

 private:
  int64_t Random() { return static_cast<int64_t>(SplitMix64(random_) >> 1); }

  void StageAndCommit(Stopwatch& watch, std::vector<RowState> rows, std::vector<RowDeletion> gone) {
    std::vector<StagedKey> staged;
    for (const RowState& row : rows) staged.push_back({row.key, 1, row.guard});
    for (const RowDeletion& row : gone) staged.push_back({row.key, 1, row.guard});
    CommitBatch batch;
    batch.target_id = target_.id;
    batch.run_id = run_.id;
    batch.now = Clock::Real().Now();
    batch.upserts = std::move(rows);
    batch.deletions = std::move(gone);
    watch.Time([&] {
      batch.closes_stage = Must(ledger_.Stage(target_.id, staged));
      Check(ledger_.Commit(batch));
      return 0;
    });
  }

  Ledger& ledger_;
  const int64_t rows_;
  Target target_;
  RunRecord run_;
  uint64_t random_ = 7;
};

int Main(int argc, char** argv) {
  int64_t rows = 1'000'000;
  testing::TempDir folder;
  std::string path = folder / "ledger.db";
  std::string url = "sqlite://" + path;
  bool plan_only = false;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--rows") rows = std::atoll(argv[i + 1]);
    if (flag == "--url") url = argv[i + 1];
    if (flag == "--plan-only") plan_only = std::string_view(argv[i + 1]) == "yes";
  }
  const Uri uri = Must(ParseUri(url));
  {
    auto ledger = Must(OpenLedger(uri, Clock::Real(), Rng::Real()));
    Bench bench(*ledger, rows);
    bench.Load();
    PrintSize(uri, rows, "after the load");
    if (plan_only) {
      bench.Plan(/*random=*/false);
      bench.Plan(/*random=*/true);
      return 0;
    }
    bench.Plan(/*random=*/false);
    bench.Plan(/*random=*/true);
    bench.Texts(/*known=*/true);
    bench.Texts(/*known=*/false);
    bench.Update();
    bench.Delete();
    bench.Provenance("by key", false, false);
    bench.Provenance("by point id", true, false);
    bench.Provenance("of a deleted row by key", false, true);
    bench.Provenance("of a deleted row by point id", true, true);
    bench.Scan();
  }
  Stopwatch open;
  open.Time([&] { return Must(OpenLedger(uri, Clock::Real(), Rng::Real())); });
  fmt::print("opening again: {:.3f} s; peak memory {:.0f} MB\n", open.seconds(),
             testing::PeakMegabytes());
  PrintSize(uri, rows, "at the end");
  return 0;
}

}  // namespace
}  // namespace drift

int main(int argc, char** argv) {
  return drift::Main(argc, argv);
}
