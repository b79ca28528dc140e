#include "ledger/pg_row.h"

#include "core/key.h"
#include "ledger/codec.h"

namespace drift::ledger {
namespace {

constexpr int kTextTargetBits = kPlaceTargetBits;
constexpr int64_t kTargetMask = kMaxPgTargetId;

Status DamagedState() {
  return DataLoss("the ledger's state of a row cannot be read");
}

bool TakeGuard(std::string_view& bytes, Guard& guard) {
  uint64_t revision = 0;
  if (!TakeVarint(bytes, revision) || !TakeSigned(bytes, guard.version)) return false;
  guard.revision = static_cast<int32_t>(revision);
  return true;
}

void AppendGuard(std::string& out, const Guard& guard) {
  AppendVarint(out, static_cast<uint32_t>(guard.revision));
  AppendSigned(out, guard.version);
}

// Guard, and the number of chunks with the row's flag beside it.
bool TakeHead(std::string_view& bytes, Guard& guard, uint64_t& chunks, bool& dead) {
  if (!TakeGuard(bytes, guard) || !TakeVarint(bytes, chunks)) return false;
  dead = (chunks & 1) != 0;
  chunks >>= 1;
  return true;
}

}  // namespace

int64_t PointPlace(int64_t target_id, const Uuid& point_id) {
  const auto hash = static_cast<uint64_t>(PointHash(point_id));
  return FirstPlace(target_id) | static_cast<int64_t>(hash >> (64 - kPlaceHashBits));
}

int64_t RowPlace(int64_t target_id, std::string_view pipeline, std::string_view key) {
  return PointPlace(target_id, PointId(pipeline, key, 0));
}

TextSpace::TextSpace(const std::string& fingerprint, int32_t dimensions)
    : salt_(Prefix64(Sha256(fmt::format("{}\x1f{}", fingerprint, dimensions)))) {}

int64_t TextSpace::Place(const Sha256Digest& text_sha256, int64_t target_id) const {
  return Places(text_sha256).first | target_id;
}

TextSpace::Range TextSpace::Places(const Sha256Digest& text_sha256) const {
  const uint64_t hash = (Prefix64(text_sha256) ^ salt_) >> (64 - kPlaceHashBits);
  const auto first = static_cast<int64_t>(hash << kTextTargetBits);
  return {first, first | kTargetMask};
}

std::string EncodeState(const RowState& row, int64_t written) {
  std::string out;
  AppendGuard(out, row.guard);
  AppendVarint(out, row.chunks.size() << 1 | (row.dead ? 1 : 0));
  AppendSigned(out, written);
  out.append(View(row.content));
  AppendChunks(out, row.chunks);
  return out;
}

StatusOr<StoredRow> DecodeState(std::string_view key, std::string_view bytes) {
  StoredRow row;
  row.state.key = key;
  uint64_t chunks = 0;
  if (!TakeHead(bytes, row.state.guard, chunks, row.state.dead) ||
      !TakeSigned(bytes, row.written) || bytes.size() < row.state.content.size()) {
    return DamagedState();
  }
  row.state.content = ContentOf(bytes.substr(0, row.state.content.size()));
  bytes.remove_prefix(row.state.content.size());
  RETURN_IF_ERROR(DecodeChunks(bytes, row.state.chunks));
  if (row.state.chunks.size() != chunks) return DamagedState();
  return row;
}

StatusOr<RowHead> DecodeHead(std::string_view key, std::string_view bytes) {
  RowHead head;
  head.key = key;
  uint64_t chunks = 0;
  bool dead = false;
  if (!TakeHead(bytes, head.guard, chunks, dead)) return DamagedState();
  head.chunks = static_cast<int32_t>(chunks);
  return head;
}

std::string EncodeDeletion(const StoredDeletion& deletion) {
  std::string out;
  AppendGuard(out, deletion.deletion.guard);
  AppendSigned(out, deletion.deleted);
  AppendVarint(out, static_cast<uint32_t>(deletion.deletion.points_removed));
  return out + EncodeState(deletion.last.state, deletion.last.written);
}

StatusOr<StoredDeletion> DecodeDeletion(std::string_view key, std::string_view bytes) {
  StoredDeletion out;
  out.deletion.key = key;
  uint64_t points = 0;
  if (!TakeGuard(bytes, out.deletion.guard) || !TakeSigned(bytes, out.deleted) ||
      !TakeVarint(bytes, points)) {
    return DamagedState();
  }
  out.deletion.points_removed = static_cast<int32_t>(points);
  ASSIGN_OR_RETURN(out.last, DecodeState(key, bytes));
  return out;
}

}  // namespace drift::ledger
