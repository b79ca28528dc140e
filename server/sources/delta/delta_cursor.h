// What a Delta cursor says. Its token is JSON text that only this folder reads:
//   {"format":1,"phase":"at","version":7,"table_id":"...","commit":"<sha256>","feed":true,
//    "keys":{"id":"integer"}}
//   {"format":1,"phase":"snapshot","version":7,"file":3,...}
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"
#include "core/types.h"

namespace drift::delta {

struct DeltaCursor {
  enum class Phase : uint8_t {
    kSnapshot,  // files 0..file-1 of `version` are applied
    kAt,        // everything up to `version` is applied; -1: nothing yet
  };
  Phase phase = Phase::kAt;
  int64_t version = -1;
  int64_t file = 0;
  std::string table_id;
  std::string commit;  // SHA-256 of the version's commit, hex; empty: was not to be had
  bool feed = false;   // goes on by change feed; false: by snapshot diff
  std::map<std::string, std::string> keys;  // key columns' classes of type (columns.h)
  bool operator==(const DeltaCursor&) const = default;
};

Cursor ToCursor(const DeltaCursor& cursor);

// kInvalidArgument: not such a token, or of a later format.
StatusOr<DeltaCursor> ParseCursor(const Cursor& cursor);

}  // namespace drift::delta
