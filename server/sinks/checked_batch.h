// What every sink does with a batch before it writes: sets aside what can never be stored, and
// settles which of two points with one id is meant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "core/sink.h"
#include "core/types.h"

namespace drift {

// What a store cannot hold.
struct StoreLimits {
  int32_t dimensions = 0;    // every vector has this many
  bool refuses_nul = false;  // texts with the character U+0000
};

struct CheckedBatch {
  // Indexes into the batch, ascending by guard: of points with one id only the newest, and of
  // equally new ones the last, as if they had been written one after another.
  std::vector<size_t> indexes;
  std::vector<ItemError> errors;
};

// OK, or kInvalidArgument: the name cannot be stored.
Status CheckSource(std::string_view source, const StoreLimits& limits);

CheckedBatch CheckBatch(std::span<const Point> points, const StoreLimits& limits);

// OK, or kInvalidArgument saying what about the point can never be stored. Names columns, never
// values.
Status CheckPoint(const Point& point, const StoreLimits& limits);

// OK, or kInvalidArgument: the vector cannot be compared with the collection's.
Status CheckQuery(const Vector& query, int32_t dimensions);

// As CheckBatch for deletions: of several with one id the newest, ascending by guard.
std::vector<Sink::Deletion> NewestDeletions(std::span<const Sink::Deletion> deletions);

// Whether all floats are numbers: neither NaN nor infinite.
bool AllFinite(std::span<const float> values);

}  // namespace drift
