// What the ledger packs into one column, and the hashes it finds rows by. The same bytes in every
// database.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/ledger_types.h"

namespace drift::ledger {

// What the indexes over keys and point ids hold: the first 8 bytes of the point id. The row's own
// entry is that of chunk 0, whether it has such a point or not.
int64_t PointHash(const Uuid& point_id);
int64_t KeyHash(std::string_view pipeline, std::string_view key);
// What the index over texts holds: the first 8 bytes of the digest.
int64_t TextHash(const Sha256Digest& text_sha256);

// Chunks of a row, one after the other.
void AppendChunks(std::string& out, std::span<const ChunkState> chunks);
// Appends those in `bytes` to `chunks`. kDataLoss: not what AppendChunks writes.
Status DecodeChunks(std::string_view bytes, std::vector<ChunkState>& chunks);

// The keys of one stage.
std::string EncodeStage(std::span<const StagedKey> keys);
Status DecodeStage(std::string_view bytes, std::vector<StagedKey>& keys);

// Keys of all stages, each once: the largest chunk count and the newest guard of each.
std::vector<StagedKey> MergeStages(std::vector<StagedKey> keys);

// Tells a commit from another one: a batch that comes twice (its answer was lost on the way) has
// been applied already. Never 0.
int64_t CommitDigest(const CommitBatch& batch);

// Whether a key column of the canonical key is NULL: such rows have no identity.
bool HasNull(std::string_view key);

std::string_view View(const Sha256Digest& digest);
std::string_view View(const ContentHash& hash);
// Of a stored column; all zeros when it is NULL or has another size.
Sha256Digest DigestOf(std::string_view bytes);
ContentHash ContentOf(std::string_view bytes);

// Integers of any size in few bytes (LEB128), and signed ones (zigzag).
void AppendVarint(std::string& out, uint64_t value);
void AppendSigned(std::string& out, int64_t value);
// Takes one off the front; false at the end or beyond 64 bits.
bool TakeVarint(std::string_view& bytes, uint64_t& value);
bool TakeSigned(std::string_view& bytes, int64_t& value);

}  // namespace drift::ledger
