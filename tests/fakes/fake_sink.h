// A sink in memory that keeps every rule of core/sink.h (it runs the same conformance suite as the
// real ones) and misbehaves on demand.
//
//   FakeStore store;                                  // the server: outlives the sinks
//   FakeSink sink(store, "docs");                     // one collection of it
//   sink.Fail({.call = SinkCall::kWrite, .skip = 2, .status = Unavailable("away")});
//   ... the third Write fails once, and has written nothing
//   EXPECT_EQ(sink.calls(SinkCall::kWrite), 4);
//   EXPECT_EQ(store.Points("docs").size(), 10u);
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "core/sink.h"

namespace drift::testing {

enum class SinkCall : uint8_t {
  kDescribe,
  kDescribeSource,
  kPrepare,
  kWrite,
  kDelete,
  kRead,
  kSearch,
  kList,
  kSweep,
  kDrop,
  kBuildIndex,
};
inline constexpr size_t kSinkCalls = 11;

// All collections. Safe for concurrent use.
class FakeStore {
 public:
  struct Stored {
    std::string source;
    Point point;
  };
  struct Collection {
    CollectionStamp stamp;
    std::map<Uuid, Stored> points;
    bool indexed = false;
  };

  // A copy of a collection's points by id; empty if there is none.
  std::map<Uuid, Stored> Points(const std::string& collection) EXCLUDES(mu_);
  std::optional<CollectionStamp> Stamp(const std::string& collection) EXCLUDES(mu_);
  bool Indexed(const std::string& collection) EXCLUDES(mu_);
  // As if somebody had deleted it by hand.
  void Lose(const std::string& collection) EXCLUDES(mu_);
  // What a call meets while the store is away: kUnavailable. It keeps what it has.
  void SetAway(bool away) EXCLUDES(mu_);

 private:
  friend class FakeSink;
  Mutex mu_;
  std::map<std::string, Collection> collections_ GUARDED_BY(mu_);
  bool away_ GUARDED_BY(mu_) = false;
};

// Something that goes wrong with a call.
struct SinkFault {
  SinkCall call = SinkCall::kWrite;
  int skip = 0;   // calls that go well first
  int times = 1;  // calls that fail then; negative: all
  Status status;
  // Of Write and Delete: how many of the batch's items are applied before the call fails, as when a
  // server dies half-way or its answer is lost.
  size_t applied = 0;
};
inline constexpr size_t kAllItems = SIZE_MAX;

// Safe for concurrent use.
class FakeSink final : public Sink {
 public:
  FakeSink(FakeStore& store, std::string collection)
      : store_(store), collection_(std::move(collection)) {}

  // -- Misbehaviour and counts --
  void Fail(SinkFault fault) EXCLUDES(mu_);
  // Each such call takes at least this long, or until it is stopped.
  void Delay(SinkCall call, std::chrono::milliseconds wait) EXCLUDES(mu_);
  // Calls wait until Release(), or until they are stopped.
  void Hold(SinkCall call) EXCLUDES(mu_);
  void Release(SinkCall call) EXCLUDES(mu_);
  // Waits until a call is held.
  void AwaitHeld(SinkCall call) EXCLUDES(mu_);
  // Points with this text in their key can never be stored: an ItemError of Write.
  void RejectKeys(std::string containing) EXCLUDES(mu_);

  int calls(SinkCall call) EXCLUDES(mu_);
  // Items that calls of Write and Delete were asked for, and points that a Write really changed.
  int64_t points_asked() EXCLUDES(mu_);
  int64_t points_applied() EXCLUDES(mu_);
  int64_t deletions_asked() EXCLUDES(mu_);
  // The largest number of calls of Write under way at once.
  int most_writes_at_once() EXCLUDES(mu_);

  // -- Sink --
  std::string_view type() const override { return "fake"; }
  StatusOr<CollectionInfo> Describe(std::stop_token stop) override;
  StatusOr<SourcePoints> DescribeSource(const std::string& source, std::stop_token stop) override;
  StatusOr<bool> Prepare(const CollectionSpec& spec, std::stop_token stop) override;
  StatusOr<std::vector<ItemError>> Write(const PointBatch& batch, std::stop_token stop) override;
  Status Delete(std::span<const Deletion> deletions, std::stop_token stop) override;
  StatusOr<std::vector<Point>> Read(std::span<const Uuid> ids, bool with_vectors,
                                    std::stop_token stop) override;
  StatusOr<std::vector<Hit>> Search(const std::string& source, const Vector& query, size_t k,
                                    const SearchFilter& filter, std::stop_token stop) override;
  StatusOr<std::vector<PointHead>> List(const std::string& source, std::optional<Uuid> after,
                                        size_t limit, std::stop_token stop) override;
  StatusOr<int64_t> Sweep(const std::string& source, int32_t below_revision,
                          std::stop_token stop) override;
  Status Drop(const std::string& source, std::stop_token stop) override;
  Status BuildIndex(std::stop_token stop) override;

 private:
  struct Behaviour {
    std::chrono::milliseconds delay{0};
    bool held = false;
    int waiting = 0;
    int calls = 0;
  };
  Behaviour& behaviour(SinkCall call) REQUIRES(mu_) {
    return behaviours_[static_cast<size_t>(call)];
  }

  // Counts the call, waits as told. A fault to obey, or nullopt; kCancelled, kUnavailable.
  StatusOr<std::optional<SinkFault>> Begin(SinkCall call, const std::stop_token& stop)
      EXCLUDES(mu_);
  // The same for calls that do nothing when they fail.
  Status BeginWhole(SinkCall call, const std::stop_token& stop) EXCLUDES(mu_);
  Status NoCollection() const;
  void Apply(const PointBatch& batch, const std::vector<size_t>& indexes, size_t most);
  bool Rejects(const Point& point) EXCLUDES(mu_);

  FakeStore& store_;
  const std::string collection_;

  Mutex mu_;  // never held together with the store's
  CondVar changed_;
  std::array<Behaviour, kSinkCalls> behaviours_ GUARDED_BY(mu_);
  std::list<SinkFault> faults_ GUARDED_BY(mu_);
  std::string rejected_keys_ GUARDED_BY(mu_);
  int64_t points_asked_ GUARDED_BY(mu_) = 0;
  int64_t points_applied_ GUARDED_BY(mu_) = 0;
  int64_t deletions_asked_ GUARDED_BY(mu_) = 0;
  int writes_now_ GUARDED_BY(mu_) = 0;
  int most_writes_ GUARDED_BY(mu_) = 0;
};

}  // namespace drift::testing
