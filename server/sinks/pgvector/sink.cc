#include "sinks/pgvector/sink.h"

#include <algorithm>

#include "core/reasons.h"
#include "net/pg_pool.h"
#include "sinks/checked_batch.h"
#include "sinks/pgvector/config.h"
#include "sinks/pgvector/points.h"
#include "sinks/pgvector/table.h"

namespace drift::pgvector {
namespace {

// Connections of one sink; further calls wait for one.
constexpr size_t kMaxConnections = 4;
// What one transaction takes: its stage fits into the server's memory for temporary tables, which
// is config.cc's to set.
constexpr size_t kMaxRows = 5000;
constexpr size_t kMaxBytes = 16u << 20;
constexpr StoreLimits kLimits{.refuses_nul = true};

class PgvectorSink final : public Sink {
 public:
  explicit PgvectorSink(Config config)
      : config_(std::move(config)),
        pool_(config_.server, kMaxConnections),
        table_(config_, pool_) {}

  std::string_view type() const override { return "postgresql"; }

  StatusOr<CollectionInfo> Describe(std::stop_token stop) override { return table_.Describe(stop); }
  StatusOr<bool> Prepare(const CollectionSpec& spec, std::stop_token stop) override {
    RETURN_IF_ERROR(CheckSource(spec.source, kLimits));
    return table_.Prepare(spec, stop);
  }
  Status BuildIndex(std::stop_token stop) override { return Noting(table_.BuildIndex(stop)); }

  StatusOr<SourcePoints> DescribeSource(const std::string& source, std::stop_token stop) override {
    return With(stop, [&](const Known& known, PgConnection& connection) {
      return pgvector::DescribeSource(known, source, connection, stop);
    });
  }

  StatusOr<std::vector<ItemError>> Write(const PointBatch& batch, std::stop_token stop) override;

  Status Delete(std::span<const Deletion> deletions, std::stop_token stop) override {
    return With(stop, [&](const Known& known, PgConnection& connection) {
      return DeletePoints(known, deletions, connection, stop);
    });
  }

  StatusOr<std::vector<Point>> Read(std::span<const Uuid> ids, bool with_vectors,
                                    std::stop_token stop) override {
    return With(stop, [&](const Known& known, PgConnection& connection) {
      return ReadPoints(known, ids, with_vectors, connection, stop);
    });
  }

  StatusOr<std::vector<Hit>> Search(const std::string& source, const Vector& query, size_t k,
                                    const SearchFilter& filter, std::stop_token stop) override {
    return With(stop,
                [&](const Known& known, PgConnection& connection) -> StatusOr<std::vector<Hit>> {
                  RETURN_IF_ERROR(CheckQuery(query, known.dimensions));
                  return SearchPoints(known, source, query, k, filter, connection, stop);
                });
  }

  StatusOr<std::vector<PointHead>> List(const std::string& source, std::optional<Uuid> after,
                                        size_t limit, std::stop_token stop) override {
    return With(stop, [&](const Known& known, PgConnection& connection) {
      return ListHeads(known, source, after, limit, connection, stop);
    });
  }

  StatusOr<int64_t> Sweep(const std::string& source, int32_t below_revision,
                          std::stop_token stop) override {
    return With(stop, [&](const Known& known, PgConnection& connection) {
      return SweepPoints(known, source, below_revision, connection, stop);
    });
  }

  Status Drop(const std::string& source, std::stop_token stop) override {
    const Status deleted = With(stop, [&](const Known& known, PgConnection& connection) {
      return DeleteSource(known, source, connection, stop);
    });
    RETURN_IF_ERROR(deleted);
    return table_.Forget(source, stop);
  }

 private:
  // A table that is gone, or is another one now, is looked at anew by the next call.
  template <typename Result>
  Result Noting(Result result) {
    const StatusCode code = ToStatus(result).code();
    if (code == StatusCode::kNotFound || code == StatusCode::kInvalidArgument) {
      table_.ForgetKnown();
    }
    return result;
  }

  // Calls `work` with what is known of the table and a connection.
  template <typename Work>
  auto With(const std::stop_token& stop, Work work)
      -> decltype(work(std::declval<const Known&>(), std::declval<PgConnection&>())) {
    ASSIGN_OR_RETURN(auto connection, pool_.Acquire(stop));
    auto known = Noting(table_.Get(*connection, stop));
    if (!known.ok()) return known.status();
    return Noting(work(**known, *connection));
  }

  Status WriteChunks(const Known& known, const PointBatch& batch, CheckedBatch& checked,
                     PgConnection& connection, const std::stop_token& stop);
  Status WriteOrHalve(const Known& known, const PointBatch& batch, std::span<const size_t> indexes,
                      std::vector<ItemError>& errors, PgConnection& connection,
                      const std::stop_token& stop);

  const Config config_;
  PgPool pool_;
  Table table_;
};

// The server refuses some data that only it can judge (a key too long for the index, \u0000 in
// JSON), and the whole batch with it. Halving finds whose it is.
Status PgvectorSink::WriteOrHalve(const Known& known, const PointBatch& batch,
                                  std::span<const size_t> indexes, std::vector<ItemError>& errors,
                                  PgConnection& connection, const std::stop_token& stop) {
  const bool fresh = table_.is_fresh();
  Status status = fresh ? InsertChunk(known, batch, indexes, connection, stop)
                        : WriteChunk(known, batch, indexes, connection, stop);
  if (fresh && status.code() == StatusCode::kAlreadyExists) {
    table_.NoteChanged();
    status = WriteChunk(known, batch, indexes, connection, stop);
  }
  if (status.code() != StatusCode::kInvalidArgument) return status;
  if (indexes.size() == 1) {
    errors.push_back({indexes[0], status});
    return OkStatus();
  }
  const size_t half = indexes.size() / 2;
  RETURN_IF_ERROR(WriteOrHalve(known, batch, indexes.first(half), errors, connection, stop));
  return WriteOrHalve(known, batch, indexes.subspan(half), errors, connection, stop);
}

Status PgvectorSink::WriteChunks(const Known& known, const PointBatch& batch, CheckedBatch& checked,
                                 PgConnection& connection, const std::stop_token& stop) {
  std::span<const size_t> left = checked.indexes;
  while (!left.empty()) {
    size_t rows = 0;
    for (size_t bytes = 0; rows < std::min(left.size(), kMaxRows); ++rows) {
      bytes += batch.points[left[rows]].Bytes();
      if (rows > 0 && bytes > kMaxBytes) break;
    }
    RETURN_IF_ERROR(WriteOrHalve(known, batch, left.first(rows), checked.errors, connection, stop));
    left = left.subspan(rows);
  }
  return OkStatus();
}

StatusOr<std::vector<ItemError>> PgvectorSink::Write(const PointBatch& batch,
                                                     std::stop_token stop) {
  RETURN_IF_ERROR(CheckSource(batch.source, kLimits));
  ASSIGN_OR_RETURN(auto connection, pool_.Acquire(stop));
  auto known = Noting(table_.Get(*connection, stop));
  if (!known.ok()) return known.status();
  StoreLimits limits = kLimits;
  limits.dimensions = (*known)->dimensions;
  CheckedBatch checked = CheckBatch(batch.points, limits);
  const size_t refused_here = checked.errors.size();
  RETURN_IF_ERROR(Noting(WriteChunks(**known, batch, checked, *connection, stop)));
  if (checked.errors.size() == refused_here) return std::move(checked.errors);
  // Items are only to blame if the table still is what it was taken for.
  table_.ForgetKnown();
  ASSIGN_OR_RETURN(const auto now, table_.Get(*connection, stop));
  if (now->dimensions != (*known)->dimensions) {
    return WithReason(FailedPrecondition("{} has {} dimensions now, it had {}", config_.Name(),
                                         now->dimensions, (*known)->dimensions),
                      reason::kCollectionDiffers);
  }
  return std::move(checked.errors);
}

}  // namespace

StatusOr<std::unique_ptr<Sink>> OpenSink(const Uri& uri) {
  ASSIGN_OR_RETURN(Config config, ReadConfig(uri));
  return std::make_unique<PgvectorSink>(std::move(config));
}

}  // namespace drift::pgvector
