// A model that is a table of one vector per token: a text's vector is the mean of its tokens' rows,
// made a unit vector. No arithmetic but sums in a fixed order, so every machine computes the same
// bits.
#pragma once

#include <cstdint>
#include <span>

#include "base/status.h"
#include "providers/local/safetensors.h"

namespace drift::local {

// Constant after construction; safe for concurrent use.
class StaticModel {
 public:
  explicit StaticModel(Matrix table) : table_(std::move(table)) {}

  size_t tokens() const { return table_.rows; }
  size_t dimensions() const { return table_.columns; }

  // Writes the vector to `out` (dimensions() floats). kInvalidArgument: no tokens, or their rows
  // add up to nothing. kInternal: an id beyond the table.
  Status Embed(std::span<const uint32_t> ids, std::span<float> out) const;

 private:
  Matrix table_;  // not const, so that the model can be moved without a copy of it
};

}  // namespace drift::local
