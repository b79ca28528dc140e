#include "ledger/open.h"

#include "ledger/sqlite_ledger.h"

namespace drift {
namespace {

constexpr std::string_view kKnown = "sqlite:///abs/ledger.db, postgresql://user@host:5432/db";

}  // namespace

Status CheckLedgerUri(const Uri& uri) {
  if (uri.scheme == "sqlite") {
    if (!uri.host.empty() || !uri.user.empty()) {
      return InvalidArgument("{}: the path of a ledger is absolute: sqlite:///abs/ledger.db",
                             uri.ToString());
    }
    if (uri.path.empty() || uri.path.ends_with('/')) {
      return InvalidArgument("{}: the ledger's file is missing: sqlite:///abs/ledger.db",
                             uri.ToString());
    }
    if (uri.options.empty()) return OkStatus();
    return InvalidArgument("{}: unknown option '{}'; a ledger in SQLite has none", uri.ToString(),
                           uri.options.begin()->first);
  }
  return InvalidArgument("'{}' is not a kind of ledger; known: {}", uri.scheme, kKnown);
}

StatusOr<std::unique_ptr<Ledger>> OpenLedger(const Uri& uri, Clock& clock, Rng& rng) {
  RETURN_IF_ERROR(CheckLedgerUri(uri));
  ASSIGN_OR_RETURN(auto opened, ledger::SqliteLedger::Open(uri.path, clock, rng));
  return std::unique_ptr<Ledger>(std::move(opened));
}

}  // namespace drift
