// The one way to a ledger.
#pragma once

#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/rng.h"
#include "base/status.h"
#include "base/uri.h"
#include "core/ledger.h"

namespace drift {

// Reason() of the error when another daemon holds the ledger; the message names its process.
inline constexpr std::string_view kLedgerInUse = "LEDGER_IN_USE";

// Whether OpenLedger would understand the address; contacts nothing. kInvalidArgument names what is
// wrong and what is known:
//   sqlite:///abs/ledger.db
//   postgresql://user@host:5432/db (pg:// is the same), options password=env:NAME or file:/path,
//   schema (default: drift), sslmode, sslrootcert, sslcert, sslkey
Status CheckLedgerUri(const Uri& uri);

// Opens it, makes it if it is new, brings an older schema to today's, and holds it until the result
// is destroyed. `clock` and `rng` must outlive it. Codes besides those of Ledger and
// CheckLedgerUri:
//   kFailedPrecondition  LEDGER_IN_USE; a newer driftd made it; it is no ledger
//   kPermissionDenied, kUnauthenticated, kNotFound (a database or secret that is not there)
StatusOr<std::unique_ptr<Ledger>> OpenLedger(const Uri& uri, Clock& clock, Rng& rng);

}  // namespace drift
