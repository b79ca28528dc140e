// Rows of the ledger as PostgreSQL stores them (docs/ledger.md): what they are found by, and the
// bytes of the column `state`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "core/ledger_types.h"
#include "ledger/stored_row.h"

namespace drift::ledger {

// A place says what is looked up and for which target in one bigint, so that an index entry takes
// 20 bytes and a target's entries lie together: the target's id and the first 44 bits of a hash.
// Different points may have the same place: whoever finds a row compares it with what was asked
// for.
inline constexpr int kPlaceHashBits = 44;
inline constexpr int kPlaceTargetBits = 63 - kPlaceHashBits;
inline constexpr int64_t kMaxPgTargetId = (int64_t{1} << kPlaceTargetBits) - 1;

// Of a point of the target. A row has that of its chunk 0.
int64_t PointPlace(int64_t target_id, const Uuid& point_id);
int64_t RowPlace(int64_t target_id, std::string_view pipeline, std::string_view key);
// All places of a target are within [FirstPlace(id), FirstPlace(id + 1)).
inline int64_t FirstPlace(int64_t target_id) {
  return target_id << kPlaceHashBits;
}
inline int64_t TargetOfPlace(int64_t place) {
  return place >> kPlaceHashBits;
}

// Of a text it is the other way round, hash and then target, because a text is looked for in all
// targets of a vector space. The space is part of the hash: texts of others are never met.
class TextSpace {
 public:
  TextSpace(const std::string& fingerprint, int32_t dimensions);
  int64_t Place(const Sha256Digest& text_sha256, int64_t target_id) const;
  // The places of the text in all targets: [first, last].
  struct Range {
    int64_t first = 0;
    int64_t last = 0;
  };
  Range Places(const Sha256Digest& text_sha256) const;

 private:
  const uint64_t salt_;
};

// Everything of a row but its key.
std::string EncodeState(const RowState& row, int64_t written);
// kDataLoss: not what EncodeState writes.
StatusOr<StoredRow> DecodeState(std::string_view key, std::string_view bytes);
// The front of it alone, for scans.
StatusOr<RowHead> DecodeHead(std::string_view key, std::string_view bytes);

// The same for a deletion.
std::string EncodeDeletion(const StoredDeletion& deletion);
StatusOr<StoredDeletion> DecodeDeletion(std::string_view key, std::string_view bytes);

}  // namespace drift::ledger
