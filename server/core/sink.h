// Where points live.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "core/types.h"

namespace drift {

// What is stamped on a collection when it is made, and compared before every run.
struct CollectionStamp {
  std::string model;        // provider/name
  std::string fingerprint;  // ModelInfo::fingerprint
  int32_t dimensions = 0;
  Metric metric = Metric::kCosine;
  struct Owner {
    std::string ledger_id;
    int32_t revision = 0;  // the highest this ledger has written for the source
    // Of the table, up to which a run has brought the index; -1: none yet. A ledger that knows less
    // was put back from a backup.
    int64_t version = -1;
    bool operator==(const Owner&) const = default;
  };
  std::map<std::string, Owner> sources;  // by pipeline name
};

struct CollectionInfo {
  bool exists = false;
  int32_t dimensions = 0;  // as the store says
  Metric metric = Metric::kCosine;
  std::optional<CollectionStamp> stamp;  // nullopt: not made by Drift
  int64_t points = 0;                    // of all sources; may be an estimate
};

std::string_view MetricWord(Metric metric);

// OK if points of `wanted` may lie in a collection stamped and shaped as `found`, or if there is
// none; else kFailedPrecondition COLLECTION_DIFFERS naming `collection` and what differs, both
// sides.
Status CheckCompatible(std::string_view collection, const CollectionInfo& found,
                       const CollectionStamp& wanted);

// What one pipeline has in a collection.
struct SourcePoints {
  int64_t points = 0;
  int32_t max_revision = 0;  // 0 when there are none
};

struct CollectionSpec {
  CollectionStamp stamp;  // without `sources`
  std::string source;     // pipeline name
  CollectionStamp::Owner owner;
  bool bulk_load = false;  // a snapshot follows: leave the vector index for BuildIndex()
};

struct PointBatch {
  std::string source;  // pipeline name
  std::vector<Point> points;
};

// A point's identity without its vector and payload.
struct PointHead {
  Uuid id;
  std::string key;
  int32_t chunk = 0;
  Guard guard;
  std::string model;
  Sha256Digest text_sha256{};
};

struct Hit {
  double score = 0;  // cosine similarity, higher is nearer
  Point point;
};

// Equality on payload columns; the value as text ("eu", "7", "true").
using SearchFilter = std::vector<std::pair<std::string, std::string>>;

// One collection. Safe for concurrent use; one attempt; idempotent. Codes:
//   kUnavailable, kDeadlineExceeded  the server is away or slow; try again
//   kResourceExhausted               with retry-after: throttled; without: DISK_FULL
//   kUnauthenticated, kPermissionDenied
//   kFailedPrecondition              COLLECTION_DIFFERS: another model, dimension or metric; names
//   both kNotFound                        the collection is not there (any call but Describe and
//   Prepare)
// A cancelled call returns kCancelled within 100 ms.
class Sink {
 public:
  virtual ~Sink() = default;

  // "qdrant", "postgresql", "sqlite": a metric's label.
  virtual std::string_view type() const = 0;

  // Reads only.
  virtual StatusOr<CollectionInfo> Describe(std::stop_token stop) = 0;
  virtual StatusOr<SourcePoints> DescribeSource(const std::string& source,
                                                std::stop_token stop) = 0;

  // Creates the collection if absent, refuses it if it differs, enters `owner` for the source into
  // the stamp. Returns true if it had to be created.
  virtual StatusOr<bool> Prepare(const CollectionSpec& spec, std::stop_token stop) = 0;

  // Guarded upserts; OK means durable. A point that is stale is left as it is, without an error.
  virtual StatusOr<std::vector<ItemError>> Write(const PointBatch& batch, std::stop_token stop) = 0;

  // Guarded deletes; ids that are not there are fine; OK means durable.
  struct Deletion {
    Uuid id;
    Guard guard;
  };
  virtual Status Delete(std::span<const Deletion> deletions, std::stop_token stop) = 0;

  // Those of `ids` that exist, in any order.
  virtual StatusOr<std::vector<Point>> Read(std::span<const Uuid> ids, bool with_vectors,
                                            std::stop_token stop) = 0;

  // Nearest points, nearest first; of one source.
  virtual StatusOr<std::vector<Hit>> Search(const std::string& source, const Vector& query,
                                            size_t k, const SearchFilter& filter,
                                            std::stop_token stop) = 0;

  // Pages through a source's points in the order of their ids, from the first id after `after`
  // (nullopt: from the start), at most `limit`. Fewer than `limit`: the end.
  virtual StatusOr<std::vector<PointHead>> List(const std::string& source,
                                                std::optional<Uuid> after, size_t limit,
                                                std::stop_token stop) = 0;

  // Removes the source's points of a lower revision. Returns how many, where the store tells.
  virtual StatusOr<int64_t> Sweep(const std::string& source, int32_t below_revision,
                                  std::stop_token stop) = 0;

  // Removes all of the source's points and its entry in the stamp; the collection goes when no
  // other source is left in it.
  virtual Status Drop(const std::string& source, std::stop_token stop) = 0;

  // Builds the vector index if it is not there. Called after a bulk load; may take long.
  virtual Status BuildIndex(std::stop_token stop) = 0;
};

}  // namespace drift
