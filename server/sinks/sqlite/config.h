// A collection in a SQLite file: sqlite:///abs/index.db?collection=docs
#pragma once

#include <string>

#include "base/status.h"
#include "base/uri.h"

namespace drift::sqlite {

struct Config {
  std::string path;        // absolute
  std::string collection;  // also the name of its table

  // "collection docs in /abs/index.db", for messages.
  std::string Name() const;
};

// OK, or kInvalidArgument that says what to write instead. Opens nothing.
Status CheckUri(const Uri& uri);

// With the path in its shortest form.
Uri NormalizeUri(Uri uri);

StatusOr<Config> ReadConfig(const Uri& uri);

}  // namespace drift::sqlite
