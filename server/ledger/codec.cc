#include "ledger/codec.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/key.h"

namespace drift::ledger {
namespace {

constexpr int kVarintBits = 7;
constexpr int kMaxShift = 63;
constexpr uint8_t kMore = 0x80;

template <typename Array>
Array ArrayOf(std::string_view bytes) {
  Array out{};
  if (bytes.size() == out.size()) std::memcpy(out.data(), bytes.data(), out.size());
  return out;
}

Status Damaged(std::string_view what) {
  return DataLoss("the ledger's {} cannot be read", what);
}

bool TakeString(std::string_view& bytes, std::string& out) {
  uint64_t size = 0;
  if (!TakeVarint(bytes, size) || size > bytes.size()) return false;
  out.assign(bytes.substr(0, size));
  bytes.remove_prefix(size);
  return true;
}

bool TakeInt32(std::string_view& bytes, int32_t& out) {
  uint64_t value = 0;
  if (!TakeVarint(bytes, value) || value > std::numeric_limits<int32_t>::max()) return false;
  out = static_cast<int32_t>(value);
  return true;
}

bool TakeChunk(std::string_view& bytes, ChunkState& chunk) {
  if (bytes.size() < chunk.text_sha256.size()) return false;
  chunk.text_sha256 = DigestOf(bytes.substr(0, chunk.text_sha256.size()));
  bytes.remove_prefix(chunk.text_sha256.size());
  uint64_t tokens = 0;
  if (!TakeInt32(bytes, chunk.chars) || !TakeVarint(bytes, tokens)) return false;
  chunk.tokens = static_cast<int32_t>(tokens >> 1);
  chunk.tokens_estimated = (tokens & 1) != 0;
  return TakeSigned(bytes, chunk.cost);
}

bool TakeStagedKey(std::string_view& bytes, StagedKey& key) {
  return TakeString(bytes, key.key) && TakeInt32(bytes, key.chunks) &&
         TakeInt32(bytes, key.guard.revision) && TakeSigned(bytes, key.guard.version);
}

void AppendString(std::string& out, std::string_view text) {
  AppendVarint(out, text.size());
  out.append(text);
}

void AppendCounters(std::string& out, const RunCounters& run) {
  for (const int64_t count :
       {run.rows_read, run.rows_inserted, run.rows_updated, run.rows_deleted, run.rows_unchanged,
        run.texts_embedded, run.texts_reused, run.points_written, run.points_deleted,
        run.dead_letters, run.provider_requests, run.tokens, run.cost}) {
    AppendSigned(out, count);
  }
}

}  // namespace

int64_t PointHash(const Uuid& point_id) {
  uint64_t hash = 0;
  for (size_t i = 0; i < sizeof(hash); ++i) hash = hash << 8 | point_id.bytes[i];
  return static_cast<int64_t>(hash);
}

int64_t KeyHash(std::string_view pipeline, std::string_view key) {
  return PointHash(PointId(pipeline, key, 0));
}

int64_t TextHash(const Sha256Digest& text_sha256) {
  return static_cast<int64_t>(Prefix64(text_sha256));
}

void AppendChunks(std::string& out, std::span<const ChunkState> chunks) {
  for (const ChunkState& chunk : chunks) {
    out.append(View(chunk.text_sha256));
    AppendVarint(out, static_cast<uint32_t>(chunk.chars));
    AppendVarint(out, static_cast<uint64_t>(static_cast<uint32_t>(chunk.tokens)) << 1 |
                          (chunk.tokens_estimated ? 1 : 0));
    AppendSigned(out, chunk.cost);
  }
}

Status DecodeChunks(std::string_view bytes, std::vector<ChunkState>& chunks) {
  while (!bytes.empty()) {
    if (!TakeChunk(bytes, chunks.emplace_back())) return Damaged("chunks of a row");
  }
  return OkStatus();
}

std::string EncodeStage(std::span<const StagedKey> keys) {
  std::string out;
  for (const StagedKey& key : keys) {
    AppendString(out, key.key);
    AppendVarint(out, static_cast<uint32_t>(key.chunks));
    AppendVarint(out, static_cast<uint32_t>(key.guard.revision));
    AppendSigned(out, key.guard.version);
  }
  return out;
}

Status DecodeStage(std::string_view bytes, std::vector<StagedKey>& keys) {
  while (!bytes.empty()) {
    if (!TakeStagedKey(bytes, keys.emplace_back())) return Damaged("stage");
  }
  return OkStatus();
}

std::vector<StagedKey> MergeStages(std::vector<StagedKey> keys) {
  std::sort(keys.begin(), keys.end(),
            [](const StagedKey& a, const StagedKey& b) { return a.key < b.key; });
  std::vector<StagedKey> merged;
  for (StagedKey& key : keys) {
    if (merged.empty() || merged.back().key != key.key) {
      merged.push_back(std::move(key));
      continue;
    }
    merged.back().chunks = std::max(merged.back().chunks, key.chunks);
    merged.back().guard = std::max(merged.back().guard, key.guard);
  }
  return merged;
}

int64_t CommitDigest(const CommitBatch& batch) {
  std::string text;
  AppendString(text, batch.run_id);
  AppendSigned(text, batch.now.time_since_epoch().count());
  AppendSigned(text, batch.closes_stage.value_or(0));
  AppendString(text, batch.cursor ? batch.cursor->token : "");
  AppendSigned(text, batch.version.value_or(-1));
  AppendCounters(text, batch.counters);
  for (const RowState& row : batch.upserts) {
    AppendString(text, row.key);
    text.append(View(row.content));
  }
  for (const RowDeletion& row : batch.deletions) AppendString(text, row.key);
  for (const DeadLetter& letter : batch.dead_letters) AppendString(text, letter.key);
  for (const std::string& key : batch.closed_letters) AppendString(text, key);
  AppendVarint(text, batch.free_requests.size());
  const int64_t digest = TextHash(Sha256(text));
  return digest == 0 ? 1 : digest;
}

bool HasNull(std::string_view key) {
  bool in_string = false;
  for (size_t i = 0; i < key.size(); ++i) {
    if (in_string && key[i] == '\\')
      ++i;
    else if (key[i] == '"')
      in_string = !in_string;
    // Outside of strings, true, false and numbers have no 'n'.
    else if (!in_string && key.substr(i).starts_with("null"))
      return true;
  }
  return false;
}

std::string_view View(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string_view View(const ContentHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

Sha256Digest DigestOf(std::string_view bytes) {
  return ArrayOf<Sha256Digest>(bytes);
}

ContentHash ContentOf(std::string_view bytes) {
  return ArrayOf<ContentHash>(bytes);
}

void AppendVarint(std::string& out, uint64_t value) {
  while (value >= kMore) {
    out.push_back(static_cast<char>(value | kMore));
    value >>= kVarintBits;
  }
  out.push_back(static_cast<char>(value));
}

void AppendSigned(std::string& out, int64_t value) {
  AppendVarint(out, static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> kMaxShift));
}

bool TakeVarint(std::string_view& bytes, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift <= kMaxShift && !bytes.empty(); shift += kVarintBits) {
    const auto byte = static_cast<uint8_t>(bytes[0]);
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & ~kMore) << shift;
    if ((byte & kMore) == 0) return true;
  }
  return false;
}

bool TakeSigned(std::string_view& bytes, int64_t& value) {
  uint64_t zigzag = 0;
  if (!TakeVarint(bytes, zigzag)) return false;
  value = static_cast<int64_t>(zigzag >> 1 ^ (~(zigzag & 1) + 1));
  return true;
}

}  // namespace drift::ledger
