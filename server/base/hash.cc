// The one-shot functions of OpenSSL 3 look the algorithm up by name on every call, which costs six
// times what hashing a key does. These do not, and are deprecated for no better reason than style.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/hash.h"

#include <openssl/sha.h>

#include <cstring>

namespace drift {

Sha256Digest Sha256(std::string_view bytes) {
  Sha256Digest digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

Sha1Digest Sha1(std::string_view bytes) {
  Sha1Digest digest;
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, bytes.data(), bytes.size());
  SHA1_Final(digest.data(), &context);
  return digest;
}

uint64_t Prefix64(const Sha256Digest& digest) {
  uint64_t out = 0;
  for (int i = 0; i < 8; ++i) out = (out << 8) | digest[i];
  return out;
}

uint64_t FastHash64(std::string_view bytes) {
  // A multiply-and-fold hash over 8-byte words, in the manner of wyhash.
  constexpr uint64_t kMul = 0x9e3779b97f4a7c15ULL;
  const auto fold = [](uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  uint64_t hash = bytes.size() * kMul;
  while (bytes.size() >= sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    hash = fold(hash ^ word, kMul);
    bytes.remove_prefix(sizeof(word));
  }
  uint64_t tail = 0;
  std::memcpy(&tail, bytes.data(), bytes.size());
  return fold(hash ^ tail ^ 0xa0761d6478bd642fULL, kMul);
}

}  // namespace drift
