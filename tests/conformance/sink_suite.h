// What every sink must do (core/sink.h), run by every implementation and by the fake:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, SinkSuite, Values(SinkSuiteParam{"sqlite", &OpenSqliteStore}),
//                            SinkSuiteName);
//
// The cases are in sink_suite_*.cc.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/sink.h"

namespace drift::testing {

// A place where collections live; used by one test at a time.
class SinkStore {
 public:
  virtual ~SinkStore() = default;

  // A handle of its own on a collection, as another process would have. kInvalidArgument: a name
  // that the store does not take.
  virtual StatusOr<std::unique_ptr<Sink>> Open(const std::string& collection) = 0;

  // -- What differs between stores --
  // Vectors come back within rounding of what was written; they are of unit length here.
  virtual bool rounds_vectors() const { return false; }
  virtual bool refuses_nul() const { return false; }
  // Names that Open refuses.
  virtual std::vector<std::string> refused_names() const { return {}; }
  // A column by which the store cannot filter.
  virtual bool can_filter_by(const std::string&) const { return true; }

  // -- Servers only --
  virtual bool is_server() const { return false; }
  // A handle on what is (not) at another port of this machine.
  virtual std::unique_ptr<Sink> OpenAt(uint16_t) { return nullptr; }
  virtual void Freeze() {}
  virtual void Thaw() {}
  virtual void StopServer() {}
  virtual void StartServer() {}
};

struct SinkSuiteParam {
  std::string name;
  // Called once for each test; the store may be shared by all of a program.
  std::function<SinkStore&()> store;
};

void PrintTo(const SinkSuiteParam& param, std::ostream* out);
std::string SinkSuiteName(const ::testing::TestParamInfo<SinkSuiteParam>& info);

class SinkSuite : public ::testing::TestWithParam<SinkSuiteParam> {
 protected:
  static constexpr int32_t kDimensions = 8;

  SinkSuite();

  SinkStore& store() { return store_; }
  // A name no other test uses.
  std::string FreshName();
  std::unique_ptr<Sink> Open(const std::string& collection);

  static CollectionSpec Spec(const std::string& source, int32_t dimensions = kDimensions,
                             const std::string& model = "shadow/8");
  // Opens a fresh collection and prepares it for the source.
  std::unique_ptr<Sink> Prepared(const std::string& source = "docs",
                                 int32_t dimensions = kDimensions);

  // Point number n of a source: a vector of its own, some payload.
  static Point MakePoint(int n, Guard guard = {1, 1}, const std::string& source = "docs",
                         int32_t dimensions = kDimensions);
  static std::vector<Point> MakePoints(int count, Guard guard = {1, 1},
                                       const std::string& source = "docs",
                                       int32_t dimensions = kDimensions);
  // Writes and expects that it went well, without item errors.
  static void Write(Sink& sink, std::vector<Point> points, const std::string& source = "docs");
  // nullopt: not there.
  static std::optional<Point> Read(Sink& sink, const Uuid& id);
  // run_id of the point there: which write it came from; "-" if there is none.
  static std::string RunOf(Sink& sink, const Uuid& id);
  static int64_t Count(Sink& sink, const std::string& source = "docs");
  static std::vector<Uuid> Ids(const std::vector<PointHead>& heads);

  void ExpectSame(const Point& stored, const Point& written);

 private:
  SinkStore& store_;
  std::string collection_;
};

}  // namespace drift::testing
