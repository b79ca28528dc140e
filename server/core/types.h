// The words everything else is said in (docs/ARCHITECTURE.md, "Words").
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/status.h"
#include "base/uuid.h"
#include "core/value.h"

namespace drift {

// Where to resume in a source; opaque to all but the source. Stored in the ledger as it is.
struct Cursor {
  std::string token;
  bool operator==(const Cursor&) const = default;
};

// What a write or delete carries, and what a stored point carries. A write or delete applies if and
// only if (stored revision, stored version) <= (new revision, new version), lexicographic: newer is
// never overwritten by older, and repeats at the same version apply again.
struct Guard {
  int32_t revision = 0;
  int64_t version = 0;  // table version that last changed the row
  auto operator<=>(const Guard&) const = default;
};

// `dimensions` floats. Copies share the storage, which lives until the last copy is gone: a vector
// cut from a provider's answer keeps that whole answer alive, so long-lived holders use Clone().
class Vector {
 public:
  Vector() = default;
  explicit Vector(std::vector<float> values) : size_(values.size()) {
    auto owner = std::make_shared<const std::vector<float>>(std::move(values));
    data_ = std::shared_ptr<const float>(owner, owner->data());
  }
  Vector(std::shared_ptr<const float> data, size_t size) : data_(std::move(data)), size_(size) {}

  std::span<const float> values() const { return {data_.get(), size_}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Vector Clone() const { return Vector(std::vector<float>(values().begin(), values().end())); }

 private:
  std::shared_ptr<const float> data_;
  size_t size_ = 0;
};

// One vector in a sink with what lies beside it (docs/points.md).
struct Point {
  Uuid id;
  Vector vector;    // may be absent in what Sink::Read returns, when not asked for
  std::string key;  // canonical key, JSON array
  int32_t chunk = 0;
  Guard guard;                      // revision and source_version
  std::string run_id;               // the run that last wrote the point
  std::string model;                // provider/name
  Sha256Digest text_sha256{};       // of the chunk's UTF-8 text
  WallTime embedded_at;             // of the request that was paid
  Payload payload;                  // the chosen columns
  std::optional<std::string> text;  // only when the pipeline stores it

  // Roughly what it occupies, for byte budgets.
  size_t Bytes() const;
};

// One item of a batch that will never succeed.
struct ItemError {
  size_t index;
  Status why;
};

enum class InputKind : uint8_t { kDocument, kQuery };

enum class Metric : uint8_t { kCosine };

}  // namespace drift
