// What goes into a connection and comes out of it: options, results, names.
#include <libpq-fe.h>

#include <cstdlib>

#include "net/pg.h"

namespace drift {
namespace {

constexpr size_t kMaxIdentifierBytes = 63;

}  // namespace

// -- options --------------------------------------------------------------------------------------

std::string PgOptions::Name() const {
  if (host.starts_with('/')) return fmt::format("postgresql {}/{}", host, database);
  return fmt::format("postgresql {}:{}/{}", host, port, database);
}

StatusOr<PgOptions> PgOptionsFromUri(const Uri& uri) {
  PgOptions options;
  options.host = uri.host;
  options.port = uri.port.value_or(options.port);
  options.user = uri.user;
  options.password = uri.password;
  options.database = uri.path.empty() ? "" : uri.path.substr(1);
  if (options.host.empty() || options.database.empty()) {
    return InvalidArgument("{}: host or database is missing: {}://user@host:5432/database",
                           uri.ToString(), uri.scheme);
  }
  const auto option = [&uri](std::string_view name) {
    const auto found = uri.options.find(std::string(name));
    return found == uri.options.end() ? std::string() : found->second;
  };
  options.sslmode = option("sslmode");
  options.sslrootcert = option("sslrootcert");
  options.sslcert = option("sslcert");
  options.sslkey = option("sslkey");
  if (const std::string ref = option("password"); !ref.empty()) {
    auto secret = ReadSecret(SecretRef{ref});
    if (!secret.ok()) return Annotate(secret.status(), options.Name() + ": password");
    options.password = std::move(*secret);
  }
  return options;
}

// -- results --------------------------------------------------------------------------------------

void PgResult::Clear::operator()(pg_result* result) const {
  PQclear(result);
}

int PgResult::rows() const {
  return PQntuples(result_.get());
}

int PgResult::columns() const {
  return PQnfields(result_.get());
}

int64_t PgResult::affected() const {
  return std::atoll(PQcmdTuples(result_.get()));
}

PgType PgResult::type(int column) const {
  return PgType{PQftype(result_.get(), column)};
}

bool PgResult::IsNull(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view PgResult::Text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

bool PgResult::Bool(int row, int column) const {
  const std::string_view bytes = Text(row, column);
  return !bytes.empty() && bytes[0] != 0;
}

int64_t PgResult::Int(int row, int column) const {
  return pg_wire::ReadInt(Text(row, column));
}

double PgResult::Real(int row, int column) const {
  return pg_wire::ReadReal(Text(row, column));
}

std::string_view PgResult::Json(int row, int column) const {
  std::string_view bytes = Text(row, column);
  if (!bytes.empty()) bytes.remove_prefix(1);  // jsonb's version
  return bytes;
}

WallTime PgResult::Time(int row, int column) const {
  return pg_wire::ReadTimestamp(Text(row, column));
}

Uuid PgResult::Id(int row, int column) const {
  const std::string_view bytes = Text(row, column);
  return bytes.size() == sizeof(Uuid::bytes) ? UuidFromBytes(bytes) : Uuid{};
}

// -- names ----------------------------------------------------------------------------------------

StatusOr<std::string> PgQuote(std::string_view identifier) {
  if (identifier.empty() || identifier.size() > kMaxIdentifierBytes) {
    return InvalidArgument("'{}' cannot be a name in PostgreSQL: 1 to {} bytes", identifier,
                           kMaxIdentifierBytes);
  }
  if (identifier.find('\0') != std::string_view::npos) {
    return InvalidArgument("a name in PostgreSQL cannot contain a NUL byte");
  }
  std::string out = "\"";
  for (const char c : identifier) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

std::string PgQuoteLiteral(std::string_view text) {
  // E'' reads backslashes the same way whatever standard_conforming_strings says.
  std::string out = "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('\'');
  return out;
}

}  // namespace drift
