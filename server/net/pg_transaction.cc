#include <libpq-fe.h>

#include <utility>

#include "net/pg.h"

namespace drift {

StatusOr<PgTransaction> PgTransaction::Begin(PgConnection& connection, std::stop_token stop) {
  RETURN_IF_ERROR(connection.Script("BEGIN", std::move(stop)));
  return PgTransaction(connection);
}

PgTransaction::PgTransaction(PgTransaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

PgTransaction::~PgTransaction() {
  if (connection_ == nullptr || !connection_->in_transaction()) return;
  // Not for the whole call timeout: dropping the connection rolls back as well.
  constexpr std::chrono::milliseconds kPatience{2000};
  const auto timeout = std::exchange(connection_->options_.call_timeout, kPatience);
  if (!connection_->Script("ROLLBACK", {}).ok()) connection_->Close();
  connection_->options_.call_timeout = timeout;
}

Status PgTransaction::Commit(std::stop_token stop) {
  PgConnection& connection = *connection_;
  // A COMMIT in a transaction that has failed is answered "ROLLBACK", not an error.
  if (connection.handle_ != nullptr && PQtransactionStatus(connection.handle_) == PQTRANS_INERROR) {
    return Aborted("{}: the transaction had failed before it was committed", connection.name_);
  }
  RETURN_IF_ERROR(connection.Script("COMMIT", std::move(stop)));
  connection_ = nullptr;
  return OkStatus();
}

}  // namespace drift
