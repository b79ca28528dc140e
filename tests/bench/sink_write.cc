// Points per second of Sink::Write beside a bare loader of the same points (sink_bare.h), in turns:
//   sink_write [--points N] [--dimensions D] [--batch B] [--rounds R] [--only
//   sqlite|pgvector|qdrant]
// Insert: the points are new, a bulk load; update: each is there with an older version; stale: each
// is there with a newer one. The best of the rounds counts: other work on the machine only slows
// down.
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/rng.h"
#include "core/key.h"
#include "sinks/registry.h"
#include "tests/bench/sink_bare.h"
#include "tests/support/postgres.h"
#include "tests/support/process.h"
#include "tests/support/qdrant.h"

namespace drift::bench {

void Fail(const std::string& what) {
  fmt::print(stderr, "error: {}\n", what);
  std::exit(1);
}

std::string Digest(const Point& point) {
  return HexEncode(
      {reinterpret_cast<const char*>(point.text_sha256.data()), point.text_sha256.size()});
}

namespace {

struct Options {
  int64_t points = 20'000;
  int64_t dimensions = 1536;
  int64_t batch = 1024;
  int64_t rounds = 3;
  std::string only;
};

void Check(const Status& status) {
  if (!status.ok()) Fail(std::string(Message(status)));
}

template <typename T>
T Must(StatusOr<T> result) {
  Check(result.status());
  return std::move(*result);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Batches of points that differ in what matters to a store: ids, keys, guards. The vectors are used
// again and again; nothing here looks at them.
class Points {
 public:
  explicit Points(const Options& options) : options_(options) {
    uint64_t state = 1;
    for (int64_t i = 0; i < options.batch; ++i) {
      std::vector<float> values(static_cast<size_t>(options.dimensions));
      for (float& value : values) {
        value = static_cast<float>(static_cast<int64_t>(SplitMix64(state))) * 1e-20f;
      }
      vectors_.emplace_back(std::move(values));
    }
  }

  std::vector<Point> Batch(int64_t first, int64_t version) const {
    std::vector<Point> out;
    const int64_t count = std::min(options_.batch, options_.points - first);
    for (int64_t i = 0; i < count; ++i) {
      Point& point = out.emplace_back();
      point.key = fmt::format("[\"KB-{:07}\"]", first + i);
      point.id = PointId("docs", point.key, 0);
      point.vector = vectors_[static_cast<size_t>(i)];
      point.guard = {1, version};
      point.run_id = "01JD0000000000000000000000";
      point.model = "shadow/1536";
      point.text_sha256 = Sha256(point.key);
      point.embedded_at = WallTime(std::chrono::microseconds(1'764'000'000'000'000 + i));
      point.payload = {{"category", std::string("billing")},
                       {"title", std::string("How long a refund takes")},
                       {"region", std::string("eu")},
                       {"views", first + i},
                       {"year", int64_t{2026}}};
      point.text = std::string(388, 'x');
    }
    return out;
  }

 private:
  const Options& options_;
  std::vector<Vector> vectors_;
};

struct Rate {
  double best = 0;        // points per second
  double cpu_micros = 0;  // of this process, per point, in the best round
};

// Feeds all batches to `write`, timing nothing else.
void Measure(const Options& options, const Points& points, int64_t version, Rate& rate,
             const std::function<void(std::vector<Point>)>& write) {
  double seconds = 0;
  double cpu = 0;
  for (int64_t first = 0; first < options.points; first += options.batch) {
    std::vector<Point> batch = points.Batch(first, version);
    const MonoTime begin = Clock::Real().Mono();
    const double cpu_before = CpuSeconds();
    write(std::move(batch));
    cpu += CpuSeconds() - cpu_before;
    seconds += std::chrono::duration<double>(Clock::Real().Mono() - begin).count();
  }
  const auto count = static_cast<double>(options.points);
  if (count / seconds < rate.best) return;
  rate = {count / seconds, cpu / count * 1e6};
}

void Show(const char* what, const Rate& ours, const Rate& bare) {
  fmt::print("  {:<8}{:>9.0f}/s", what, ours.best);
  if (bare.best > 0) {
    fmt::print("   bare {:>9.0f}/s   {:>4.0f} %", bare.best, 100 * ours.best / bare.best);
  }
  fmt::print("   client CPU {:.1f} us", ours.cpu_micros);
  if (bare.best > 0) fmt::print(", bare {:.1f} us", bare.cpu_micros);
  fmt::print("\n");
}

void Run(const char* name, const Options& options, const std::string& uri, BareLoader& bare) {
  const Points points(options);
  std::map<std::string, Rate> ours;
  std::map<std::string, Rate> theirs;
  for (int64_t round = 0; round < options.rounds; ++round) {
    bare.Create(static_cast<int32_t>(options.dimensions));
    Measure(options, points, 1, theirs["insert"], [&](auto batch) { bare.Insert(batch); });
    Measure(options, points, 2, theirs["update"], [&](auto batch) { bare.Update(batch); });
    bare.Remove();

    const auto sink = Must(OpenSink(Must(ParseUri(uri))));
    CollectionSpec spec;
    spec.stamp = {
        "shadow/1536", "f", static_cast<int32_t>(options.dimensions), Metric::kCosine, {}};
    spec.source = "docs";
    spec.owner = {"01J", 1};
    spec.bulk_load = true;
    Must(sink->Prepare(spec, {}));
    const auto write = [&](std::vector<Point> batch) {
      if (!Must(sink->Write({"docs", std::move(batch)}, {})).empty()) Fail("item errors");
    };
    Measure(options, points, 1, ours["insert"], write);
    Measure(options, points, 2, ours["update"], write);
    Measure(options, points, 1, ours["stale"], write);
    Check(sink->Drop("docs", {}));
  }
  fmt::print("{}: {} points of {} dimensions, batches of {}, best of {}\n", name, options.points,
             options.dimensions, options.batch, options.rounds);
  for (const char* what : {"insert", "update", "stale"}) Show(what, ours[what], theirs[what]);
}

void RunAll(const Options& options) {
  const auto wanted = [&](const char* name) {
    return options.only.empty() || options.only == name;
  };
  const testing::TempDir folder;
  if (wanted("sqlite")) {
    const auto bare = BareSqlite(folder / "bare.db");
    Run("sqlite", options, "sqlite://" + (folder / "index.db") + "?collection=docs", *bare);
  }
  if (wanted("pgvector")) {
    const auto server = Must(testing::PostgresServer::Start({}));
    const std::string uri = Must(server->CreateDatabase("bench"));
    const auto bare = BarePostgres(server->port(), "bench");
    Run("pgvector", options, uri + "?table=docs", *bare);
  }
  if (wanted("qdrant")) {
    if (!testing::QdrantServer::HasReal()) return fmt::print("qdrant: no server here\n");
    const auto server = Must(testing::QdrantServer::Start({}));
    const auto bare = BareQdrant(server->port());
    Run("qdrant", options, server->Uri("docs"), *bare);
  }
}

Options Parse(int argc, char** argv) {
  Options options;
  const std::map<std::string, int64_t*> numbers = {{"--points", &options.points},
                                                   {"--dimensions", &options.dimensions},
                                                   {"--batch", &options.batch},
                                                   {"--rounds", &options.rounds}};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--only") {
      options.only = argv[i + 1];
    } else if (numbers.contains(name)) {
      *numbers.at(name) = std::atoll(argv[i + 1]);
    } else {
      Fail("unknown option " + name);
    }
  }
  return options;
}

}  // namespace
}  // namespace drift::bench

int main(int argc, char** argv) {
  drift::bench::RunAll(drift::bench::Parse(argc, argv));
  return 0;
}
