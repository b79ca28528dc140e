// A table's address as users write it, and what its storage options may be called.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace drift::delta {

// One form per table: an absolute path without "." and "..", or s3://, az:// or gs:// with bucket
// and path, without a slash at the end; file:// becomes the path. kInvalidArgument says what is
// wrong and what to write instead: a relative path, an unknown scheme, credentials in the address.
StatusOr<std::string> NormalizeTable(std::string_view table);

// REQUIRES: `table` came from NormalizeTable().
inline bool IsOnDisk(std::string_view table) {
  return table.starts_with('/');
}

// The keys its storage options may have, empty for local tables.
// REQUIRES: `table` came from NormalizeTable().
std::vector<std::string> StorageKeys(std::string_view table);

// kInvalidArgument naming the option and the known ones.
Status CheckStorageKeys(std::string_view table, const std::map<std::string, std::string>& storage);

}  // namespace drift::delta
