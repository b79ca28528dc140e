#include "ledger/open.h"

#include <algorithm>
#include <array>

#include "base/suggest.h"
#include "ledger/pg_ledger.h"
#include "ledger/sqlite_ledger.h"

namespace drift {
namespace {

constexpr std::string_view kKnown = "sqlite:///abs/ledger.db, postgresql://user@host:5432/db";
constexpr std::string_view kPgExample = "postgresql://user@host:5432/db";

bool IsPostgres(const Uri& uri) {
  return uri.scheme == "postgresql" || uri.scheme == "pg";
}

std::string OptionOf(const Uri& uri, const std::string& name) {
  const auto found = uri.options.find(name);
  return found == uri.options.end() ? std::string() : found->second;
}

std::string SchemaOf(const Uri& uri) {
  const auto found = uri.options.find("schema");
  return found == uri.options.end() ? ledger::PgLedgerOptions().schema : found->second;
}

Status CheckSqlite(const Uri& uri) {
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

Status CheckSslMode(const std::string& mode) {
  const std::array<std::string, 6> known = {"disable", "allow",     "prefer",
                                            "require", "verify-ca", "verify-full"};
  if (mode.empty() || std::find(known.begin(), known.end(), mode) != known.end()) return OkStatus();
  return InvalidArgument("option 'sslmode': unknown word '{}'{}", mode, DidYouMean(mode, known));
}

Status CheckPostgres(const Uri& uri) {
  RETURN_IF_ERROR(
      CheckOptions(uri, {"schema", "password", "sslmode", "sslrootcert", "sslcert", "sslkey"}));
  if (uri.host.empty()) return InvalidArgument("the host is missing; write {}", kPgExample);
  if (uri.path.size() < 2) return InvalidArgument("the database is missing; write {}", kPgExample);
  RETURN_IF_ERROR(Annotate(PgQuote(SchemaOf(uri)).status(), "option 'schema'"));
  if (const std::string password = OptionOf(uri, "password"); !password.empty()) {
    RETURN_IF_ERROR(Annotate(CheckSecretRef(password), "option 'password'"));
  }
  for (const char* file : {"sslrootcert", "sslcert", "sslkey"}) {
    const std::string path = OptionOf(uri, file);
    if (path.empty() || path.starts_with('/')) continue;
    return InvalidArgument("option '{}': the path of the file must be absolute", file);
  }
  return CheckSslMode(OptionOf(uri, "sslmode"));
}

}  // namespace

Status CheckLedgerUri(const Uri& uri) {
  if (uri.scheme == "sqlite") return CheckSqlite(uri);
  if (IsPostgres(uri)) return Annotate(CheckPostgres(uri), uri.ToString());
  return InvalidArgument("'{}' is not a kind of ledger; known: {}", uri.scheme, kKnown);
}

StatusOr<std::unique_ptr<Ledger>> OpenLedger(const Uri& uri, Clock& clock, Rng& rng) {
  RETURN_IF_ERROR(CheckLedgerUri(uri));
  if (IsPostgres(uri)) {
    ASSIGN_OR_RETURN(const PgOptions options, PgOptionsFromUri(uri));
    ASSIGN_OR_RETURN(auto opened,
                     ledger::PgLedger::Open(options, clock, rng, {.schema = SchemaOf(uri)}));
    return std::unique_ptr<Ledger>(std::move(opened));
  }
  ASSIGN_OR_RETURN(auto opened, ledger::SqliteLedger::Open(uri.path, clock, rng));
  return std::unique_ptr<Ledger>(std::move(opened));
}

}  // namespace drift
