#include "sinks/pgvector/config.h"

#include "sinks/uri_parts.h"

namespace drift::pgvector {
namespace {

constexpr std::string_view kExample = "postgresql://user@host:5432/database?table=docs";
constexpr uint16_t kPort = 5432;
constexpr std::chrono::seconds kTimeout{120};
constexpr int kMostIndexMb = 1'000'000;

struct TableName {
  std::string_view schema;
  std::string_view table;
};

StatusOr<TableName> ReadTableName(const Uri& uri) {
  const auto option = uri.options.find("table");
  if (option == uri.options.end() || option->second.empty()) {
    return InvalidArgument("option 'table' is missing; write {}", kExample);
  }
  const std::string_view text = option->second;
  const size_t dot = text.find('.');
  TableName name{{}, text};
  if (dot != std::string_view::npos) name = {text.substr(0, dot), text.substr(dot + 1)};
  if (!IsUtf8(text) || name.table.find('.') != std::string_view::npos || (dot == 0) ||
      name.table.empty()) {
    return InvalidArgument("option 'table' is the name of a table, or schema.table");
  }
  // The server would cut off what is too long, and two tables might become one.
  for (const std::string_view part : {name.schema, name.table}) {
    if (!part.empty()) RETURN_IF_ERROR(PgQuote(part).status());
  }
  return name;
}

StatusOr<int> IndexMemory(const Uri& uri) {
  return NumberOption(uri, "index_memory_mb", 0, 1, kMostIndexMb);
}

}  // namespace

std::string Config::Name() const {
  return fmt::format("table {}{}{} of {}", schema, schema.empty() ? "" : ".", table, server.Name());
}

Status CheckUri(const Uri& uri) {
  RETURN_IF_ERROR(CheckOptions(uri, {"table", "password", "sslmode", "sslrootcert", "sslcert",
                                     "sslkey", "timeout_secs", "index", "index_memory_mb"}));
  if (uri.host.empty()) return InvalidArgument("the host is missing; write {}", kExample);
  if (uri.path.size() < 2) return InvalidArgument("the database is missing; write {}", kExample);
  RETURN_IF_ERROR(ReadTableName(uri).status());
  if (const auto password = uri.options.find("password"); password != uri.options.end()) {
    RETURN_IF_ERROR(Annotate(CheckSecretRef(password->second), "option 'password'"));
  }
  for (const char* file : {"sslrootcert", "sslcert", "sslkey"}) {
    RETURN_IF_ERROR(CheckAbsoluteOption(uri, file));
  }
  RETURN_IF_ERROR(IndexOption(uri).status());
  RETURN_IF_ERROR(IndexMemory(uri).status());
  return TimeoutOption(uri, kTimeout).status();
}

Uri NormalizeUri(Uri uri) {
  uri.scheme = "postgresql";
  if (!uri.port) uri.port = kPort;
  return uri;
}

StatusOr<Config> ReadConfig(const Uri& uri) {
  RETURN_IF_ERROR(CheckUri(uri));
  Config config;
  ASSIGN_OR_RETURN(config.server, PgOptionsFromUri(NormalizeUri(uri)));
  ASSIGN_OR_RETURN(config.server.call_timeout, TimeoutOption(uri, kTimeout));
  ASSIGN_OR_RETURN(config.vector_index, IndexOption(uri));
  ASSIGN_OR_RETURN(config.index_memory_mb, IndexMemory(uri));
  // A batch passes through a temporary table, which should not touch the disk for that.
  config.server.setup.emplace_back("SET temp_buffers = '32MB'");
  // "relation exists, skipping" is no news.
  config.server.setup.emplace_back("SET client_min_messages = warning");
  ASSIGN_OR_RETURN(const TableName name, ReadTableName(uri));
  config.schema = name.schema;
  config.table = name.table;
  return config;
}

}  // namespace drift::pgvector
