// The last vectors a paid model answered, so that a run that ends early throws nothing paid away.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <unordered_map>

#include "base/clock.h"
#include "base/mutex.h"
#include "core/types.h"

namespace drift {

// Of one model at one dimension. Least recently used goes first. Safe for concurrent use.
class RecentVectors {
 public:
  explicit RecentVectors(size_t max_bytes) : max_bytes_(max_bytes) {}

  struct Entry {
    Vector vector;
    WallTime embedded_at;
  };
  void Add(const Sha256Digest& text_sha256, const Vector& vector, WallTime embedded_at)
      EXCLUDES(mu_);
  std::optional<Entry> Find(const Sha256Digest& text_sha256) EXCLUDES(mu_);

 private:
  struct Node {
    Sha256Digest text_sha256;
    Entry entry;
  };
  const size_t max_bytes_;
  Mutex mu_;
  size_t bytes_ GUARDED_BY(mu_) = 0;
  std::list<Node> nodes_ GUARDED_BY(mu_);  // most recently used first
  std::unordered_map<Sha256Digest, std::list<Node>::iterator, DigestHash> by_text_ GUARDED_BY(mu_);
};

}  // namespace drift
