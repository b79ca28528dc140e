// The table itself: created, described, stamped, indexed, dropped.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/mutex.h"
#include "core/sink.h"
#include "net/pg_pool.h"
#include "sinks/pgvector/layout.h"

namespace drift::pgvector {

// What every statement on the points needs to know.
struct Known {
  Layout layout;
  int32_t dimensions = 0;
};

// Safe for concurrent use.
class Table {
 public:
  Table(const Config& config, PgPool& pool) : config_(config), pool_(pool) {}

  StatusOr<CollectionInfo> Describe(std::stop_token stop);
  // See Sink.
  StatusOr<bool> Prepare(const CollectionSpec& spec, std::stop_token stop);
  Status BuildIndex(std::stop_token stop);
  // Takes the source out of the stamp, and drops the table if it was the last and nothing is left.
  Status Forget(const std::string& source, std::stop_token stop);

  // Asked for once, kept until Prepare, Forget or ForgetKnown. kNotFound: there is no table.
  StatusOr<std::shared_ptr<const Known>> Get(PgConnection& connection, std::stop_token stop)
      EXCLUDES(mu_);
  void ForgetKnown() EXCLUDES(mu_);

  // Made by Prepare() for a bulk load and only added to since: a point that is written is most
  // likely new.
  bool is_fresh() const { return fresh_; }
  void NoteChanged() { fresh_ = false; }

 private:
  struct Found;

  StatusOr<Found> Find(const Layout& layout, PgConnection& connection, std::stop_token stop);
  Status EnsureExtension(Layout& layout, PgConnection& connection, std::stop_token stop);
  Status SetStamp(const Layout& layout, const CollectionStamp& stamp, PgConnection& connection,
                  std::stop_token stop);
  Status EnsureKeyIndex(const Layout& layout, PgConnection& connection, std::stop_token stop);
  Status EnsureVectorIndex(const Layout& layout, const Found& found, PgConnection& connection,
                           std::stop_token stop);

  const Config& config_;
  PgPool& pool_;
  std::atomic<bool> fresh_{false};
  Mutex mu_;
  std::shared_ptr<const Known> known_ GUARDED_BY(mu_);  // shared with calls under way
};

}  // namespace drift::pgvector
