#include "net/pg_pool.h"

namespace drift {

PgPool::Lease::~Lease() {
  if (connection_ != nullptr) pool_.Release(std::move(connection_));
}

StatusOr<PgPool::Lease> PgPool::Acquire(std::stop_token stop) {
  std::unique_ptr<PgConnection> idle;
  {
    MutexLock lock(mu_);
    const bool free = freed_.wait(mu_, stop, [this] { return in_use_ < max_connections_; });
    if (!free) return Cancelled("{}: stopped", options_.Name());
    ++in_use_;
    if (!idle_.empty()) {
      idle = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (idle != nullptr && idle->Usable()) return Lease(*this, std::move(idle));
  idle.reset();
  auto opened = PgConnection::Open(options_, stop);
  if (!opened.ok()) {
    Release(nullptr);
    return opened.status();
  }
  return Lease(*this, std::move(*opened));
}

void PgPool::Release(std::unique_ptr<PgConnection> connection) {
  if (connection != nullptr && !connection->Usable()) connection.reset();
  {
    MutexLock lock(mu_);
    --in_use_;
    if (connection != nullptr) idle_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

}  // namespace drift
