#include "pipeline/recent_vectors.h"

namespace drift {

void RecentVectors::Add(const Sha256Digest& text_sha256, const Vector& vector,
                        WallTime embedded_at) {
  const size_t bytes = vector.size() * sizeof(float) + sizeof(Node);
  MutexLock lock(mu_);
  if (bytes > max_bytes_ || by_text_.contains(text_sha256)) return;
  // A copy of its own: the original keeps a whole provider answer alive.
  nodes_.push_front({text_sha256, {vector.Clone(), embedded_at}});
  by_text_.emplace(text_sha256, nodes_.begin());
  bytes_ += bytes;
  while (bytes_ > max_bytes_) {
    bytes_ -= nodes_.back().entry.vector.size() * sizeof(float) + sizeof(Node);
    by_text_.erase(nodes_.back().text_sha256);
    nodes_.pop_back();
  }
}

std::optional<RecentVectors::Entry> RecentVectors::Find(const Sha256Digest& text_sha256) {
  MutexLock lock(mu_);
  const auto found = by_text_.find(text_sha256);
  if (found == by_text_.end()) return std::nullopt;
  nodes_.splice(nodes_.begin(), nodes_, found->second);
  return found->second->entry;
}

}  // namespace drift
