// A Qdrant collection's address: qdrant://host:6334/collection, or qdrants:// for TLS.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/secret.h"
#include "base/status.h"
#include "base/uri.h"

namespace drift::qdrant {

inline constexpr uint16_t kGrpcPort = 6334;
inline constexpr uint16_t kRestPort = 6333;

struct Config {
  std::string host;
  uint16_t port = kGrpcPort;
  bool tls = false;
  std::string collection;
  Secret api_key;                    // may be empty
  std::string ca_file;               // PEM; empty: the system's authorities
  std::chrono::seconds timeout{60};  // of one request
  bool vector_index = true;          // of a collection that is made

  // "qdrant at host:port", for messages.
  std::string Server() const;
};

// OK, or kInvalidArgument that says what to write instead. Connects to nothing, reads no secret.
Status CheckUri(const Uri& uri);

// With the default port written out.
Uri NormalizeUri(Uri uri);

// Also reads the secret the URI names: kNotFound when it is not there.
StatusOr<Config> ReadConfig(const Uri& uri);

}  // namespace drift::qdrant
