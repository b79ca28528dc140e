// What the tests of single sinks share.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "core/key.h"
#include "sinks/registry.h"

namespace drift::testing {

inline std::unique_ptr<Sink> OpenAt(const std::string& uri) {
  auto parsed = ParseUri(uri);
  auto sink = parsed.ok() ? OpenSink(*parsed) : StatusOr<std::unique_ptr<Sink>>(parsed.status());
  EXPECT_TRUE(sink.ok()) << sink.status();
  return sink.ok() ? std::move(*sink) : nullptr;
}

inline CollectionSpec MakeSpec(int32_t dimensions = 4, const std::string& source = "docs") {
  CollectionSpec spec;
  spec.stamp.model = "shadow/4";
  spec.stamp.fingerprint = "f1";
  spec.stamp.dimensions = dimensions;
  spec.source = source;
  spec.owner = {"01JLEDGER", 3};
  return spec;
}

inline Vector MakeVector(uint64_t seed, int32_t dimensions) {
  std::vector<float> values(static_cast<size_t>(dimensions));
  double square = 0;
  for (float& value : values) {
    value = static_cast<float>(static_cast<int64_t>(SplitMix64(seed)) >> 40);
    square += static_cast<double>(value) * value;
  }
  for (float& value : values) value = static_cast<float>(value / std::sqrt(square));
  return Vector(std::move(values));
}

inline Point MakePoint(int n, int32_t dimensions = 4, Guard guard = {3, 7},
                       const std::string& source = "docs") {
  Point point;
  point.key = fmt::format("[\"KB-{}\"]", n);
  point.id = PointId(source, point.key, 0);
  point.vector = MakeVector(static_cast<uint64_t>(n) + 1, dimensions);
  point.guard = guard;
  point.run_id = "01JRUN";
  point.model = "shadow/4";
  point.text_sha256 = Sha256("text");
  point.embedded_at = WallTime(std::chrono::microseconds(1'764'000'000'123'456));
  return point;
}

inline std::vector<Point> MakePoints(int count, int32_t dimensions = 4) {
  std::vector<Point> out;
  for (int n = 0; n < count; ++n) out.push_back(MakePoint(n, dimensions));
  return out;
}

// What a pipeline does first. Returns whether the collection was made.
inline bool Prepare(Sink& sink, const CollectionSpec& spec) {
  const auto created = sink.Prepare(spec, {});
  EXPECT_TRUE(created.ok()) << created.status();
  return created.value_or(false);
}

inline void Write(Sink& sink, std::vector<Point> points) {
  const auto errors = sink.Write({"docs", std::move(points)}, {});
  EXPECT_TRUE(errors.ok()) << errors.status();
  if (!errors.ok()) return;
  for (const ItemError& error : *errors) ADD_FAILURE() << error.index << ": " << error.why;
}

}  // namespace drift::testing
