// Connections to one PostgreSQL database, kept open between calls.
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "net/pg.h"

namespace drift {

// Safe for concurrent use. Connections are opened when they are needed; one that is dropped, or
// whose server hung up, is replaced by the next call.
class PgPool {
 public:
  // Holds a connection for one piece of work and gives it back. One that is in a transaction, or
  // gone, is closed instead. Must not outlive the pool.
  class Lease {
   public:
    Lease(Lease&& other) noexcept : pool_(other.pool_), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    PgConnection& operator*() const { return *connection_; }
    PgConnection* operator->() const { return connection_.get(); }

   private:
    friend class PgPool;
    Lease(PgPool& pool, std::unique_ptr<PgConnection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    PgPool& pool_;
    std::unique_ptr<PgConnection> connection_;
  };

  PgPool(PgOptions options, size_t max_connections)
      : options_(std::move(options)), max_connections_(max_connections) {}
  PgPool(const PgPool&) = delete;
  PgPool& operator=(const PgPool&) = delete;

  // Waits for a connection to become free when all are in use. Errors are those of
  // PgConnection::Open.
  StatusOr<Lease> Acquire(std::stop_token stop) EXCLUDES(mu_);

  const PgOptions& options() const { return options_; }

 private:
  void Release(std::unique_ptr<PgConnection> connection) EXCLUDES(mu_);

  const PgOptions options_;
  const size_t max_connections_;
  Mutex mu_;
  CondVar freed_;
  std::vector<std::unique_ptr<PgConnection>> idle_ GUARDED_BY(mu_);
  size_t in_use_ GUARDED_BY(mu_) = 0;
};

}  // namespace drift
