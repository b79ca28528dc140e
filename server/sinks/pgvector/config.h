// A table's address: postgresql://user@host:5432/database?table=docs; pg:// is the same.
#pragma once

#include <string>

#include "base/status.h"
#include "base/uri.h"
#include "net/pg.h"

namespace drift::pgvector {

struct Config {
  PgOptions server;
  std::string schema;  // empty: the first of the user's search_path
  std::string table;
  bool vector_index = true;
  int index_memory_mb = 0;  // of the server, while it builds the vector index; 0: as it is set up

  // "table docs of postgresql host:5432/database", for messages.
  std::string Name() const;
};

// OK, or kInvalidArgument that says what to write instead. Connects to nothing, reads no secret.
Status CheckUri(const Uri& uri);

// With the scheme postgresql and the default port written out.
Uri NormalizeUri(Uri uri);

// Also reads the secret the URI names: kNotFound when it is not there.
StatusOr<Config> ReadConfig(const Uri& uri);

}  // namespace drift::pgvector
