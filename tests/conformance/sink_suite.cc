#include "tests/conformance/sink_suite.h"

#include <unistd.h>

#include <cmath>
#include <map>

#include "base/rng.h"
#include "core/key.h"
#include "net/json.h"

namespace drift::testing {
namespace {

Vector MakeVector(uint64_t seed, int32_t dimensions) {
  std::vector<float> values(static_cast<size_t>(dimensions));
  double square = 0;
  for (float& value : values) {
    constexpr int kShift = 40;
    value = static_cast<float>(static_cast<int64_t>(SplitMix64(seed)) >> kShift);
    square += static_cast<double>(value) * value;
  }
  for (float& value : values) value = static_cast<float>(value / std::sqrt(square));
  return Vector(std::move(values));
}

// JSON that two equal values have in common, whatever the order of members and the way numbers are
// written.
std::string Normal(const Value& value) {
  std::string text;
  AppendJson(text, value);
  const auto document = JsonDocument::Parse("[" + text + "]");
  return document.ok() ? document->root().Dump() : "not JSON: " + text;
}

std::map<std::string, std::string> Normal(const Payload& payload) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : payload) out[name] = Normal(value);
  return out;
}

}  // namespace

void PrintTo(const SinkSuiteParam& param, std::ostream* out) {
  *out << param.name;
}

std::string SinkSuiteName(const ::testing::TestParamInfo<SinkSuiteParam>& info) {
  return info.param.name;
}

SinkSuite::SinkSuite() : store_(GetParam().store()) {}

std::string SinkSuite::FreshName() {
  static int count = 0;
  return fmt::format("docs_{}_{}", getpid(), ++count);
}

std::unique_ptr<Sink> SinkSuite::Open(const std::string& collection) {
  auto sink = store_.Open(collection);
  EXPECT_TRUE(sink.ok()) << sink.status();
  return sink.ok() ? std::move(*sink) : nullptr;
}

CollectionSpec SinkSuite::Spec(const std::string& source, int32_t dimensions,
                               const std::string& model) {
  CollectionSpec spec;
  spec.stamp.model = model;
  spec.stamp.fingerprint = "fingerprint of " + model;
  spec.stamp.dimensions = dimensions;
  spec.source = source;
  spec.owner = {"01JLEDGER", 1};
  return spec;
}

std::unique_ptr<Sink> SinkSuite::Prepared(const std::string& source, int32_t dimensions) {
  auto sink = Open(FreshName());
  const auto created = sink->Prepare(Spec(source, dimensions), {});
  EXPECT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(created.value_or(false));
  return sink;
}

Point SinkSuite::MakePoint(int n, Guard guard, const std::string& source, int32_t dimensions) {
  Point point;
  point.key = fmt::format("[\"KB-{:04}\"]", n);
  point.id = PointId(source, point.key, 0);
  point.vector = MakeVector(static_cast<uint64_t>(n) + 1, dimensions);
  point.guard = guard;
  point.run_id = fmt::format("run-{}-{}", guard.revision, guard.version);
  point.model = "shadow/8";
  point.text_sha256 = Sha256(fmt::format("text {}", n));
  point.embedded_at = WallTime(std::chrono::microseconds(1'764'000'000'123'456 + n));
  point.payload = {{"category", n % 2 == 0 ? std::string("even") : std::string("odd")},
                   {"number", static_cast<int64_t>(n)}};
  return point;
}

std::vector<Point> SinkSuite::MakePoints(int count, Guard guard, const std::string& source,
                                         int32_t dimensions) {
  std::vector<Point> out;
  for (int n = 0; n < count; ++n) out.push_back(MakePoint(n, guard, source, dimensions));
  return out;
}

void SinkSuite::Write(Sink& sink, std::vector<Point> points, const std::string& source) {
  const auto errors = sink.Write({source, std::move(points)}, {});
  ASSERT_TRUE(errors.ok()) << errors.status();
  for (const ItemError& error : *errors) ADD_FAILURE() << error.index << ": " << error.why;
}

std::optional<Point> SinkSuite::Read(Sink& sink, const Uuid& id) {
  const auto points = sink.Read({&id, 1}, true, {});
  EXPECT_TRUE(points.ok()) << points.status();
  if (!points.ok() || points->empty()) return std::nullopt;
  EXPECT_EQ(points->size(), 1u);
  return points->front();
}

std::string SinkSuite::RunOf(Sink& sink, const Uuid& id) {
  const auto point = Read(sink, id);
  return point ? point->run_id : "-";
}

int64_t SinkSuite::Count(Sink& sink, const std::string& source) {
  const auto info = sink.DescribeSource(source, {});
  EXPECT_TRUE(info.ok()) << info.status();
  return info.ok() ? info->points : -1;
}

std::vector<Uuid> SinkSuite::Ids(const std::vector<PointHead>& heads) {
  std::vector<Uuid> out;
  for (const PointHead& head : heads) out.push_back(head.id);
  return out;
}

void SinkSuite::ExpectSame(const Point& stored, const Point& written) {
  EXPECT_EQ(stored.id.ToString(), written.id.ToString());
  EXPECT_EQ(stored.key, written.key);
  EXPECT_EQ(stored.chunk, written.chunk);
  EXPECT_EQ(stored.guard, written.guard);
  EXPECT_EQ(stored.run_id, written.run_id);
  EXPECT_EQ(stored.model, written.model);
  EXPECT_EQ(stored.text_sha256, written.text_sha256);
  EXPECT_EQ(stored.embedded_at, written.embedded_at);
  EXPECT_EQ(stored.text, written.text);
  EXPECT_EQ(Normal(stored.payload), Normal(written.payload));
  ASSERT_EQ(stored.vector.size(), written.vector.size());
  const float tolerance = store_.rounds_vectors() ? 1e-6f : 0;
  for (size_t i = 0; i < stored.vector.size(); ++i) {
    ASSERT_NEAR(stored.vector.values()[i], written.vector.values()[i], tolerance) << "at " << i;
  }
}

}  // namespace drift::testing
