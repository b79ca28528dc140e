// SHA-256 and SHA-1 (for UUIDv5 only), from OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace drift {

using Sha256Digest = std::array<uint8_t, 32>;
using Sha1Digest = std::array<uint8_t, 20>;

Sha256Digest Sha256(std::string_view bytes);
Sha1Digest Sha1(std::string_view bytes);

// The first 8 bytes of a digest as an integer, big endian: a key for hash maps and indexes.
uint64_t Prefix64(const Sha256Digest& digest);

// A fast 64-bit hash for partitioning and hash tables. Not stable across releases: never stored.
uint64_t FastHash64(std::string_view bytes);

struct DigestHash {
  size_t operator()(const Sha256Digest& digest) const { return Prefix64(digest); }
};

}  // namespace drift
