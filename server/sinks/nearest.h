// Exact nearest-neighbour search over vectors that come one at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace drift {

// Cosine similarity of two vectors of one size; 0 if either has no length.
class CosineTo {
 public:
  explicit CosineTo(std::span<const float> query);

  // `vector` is read unaligned, so that it may lie in a database's page.
  // REQUIRES: it holds as many floats as the query.
  float operator()(const void* vector) const;

  size_t dimensions() const { return query_.size(); }

 private:
  std::vector<float> query_;  // of unit length
};

// The k best of what is offered. T is kept by value: keep it small.
template <typename T>
class TopK {
 public:
  explicit TopK(size_t k) : k_(k) {}

  // Whether a score would be kept: what is costly to decide is decided only then.
  bool Wants(float score) const {
    return heap_.size() < k_ || (k_ > 0 && score > heap_.front().first);
  }

  // REQUIRES: Wants(score).
  void Add(float score, T item) {
    if (heap_.size() == k_) {
      std::pop_heap(heap_.begin(), heap_.end(), Better);
      heap_.pop_back();
    }
    heap_.emplace_back(score, std::move(item));
    std::push_heap(heap_.begin(), heap_.end(), Better);
  }

  // Best first. Leaves it empty.
  std::vector<std::pair<float, T>> Take() {
    std::sort_heap(heap_.begin(), heap_.end(), Better);
    return std::move(heap_);
  }

 private:
  static bool Better(const std::pair<float, T>& a, const std::pair<float, T>& b) {
    return a.first > b.first;
  }

  const size_t k_;
  std::vector<std::pair<float, T>> heap_;  // the worst of them at the front
};

}  // namespace drift
