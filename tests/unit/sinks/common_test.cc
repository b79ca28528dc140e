#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/rng.h"
#include "sinks/checked_batch.h"
#include "sinks/match.h"
#include "sinks/nearest.h"
#include "sinks/payload_json.h"

namespace drift {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// -- match ----------------------------------------------------------------------------------------

TEST(Match, ValuesAsPeopleWriteThem) {
  EXPECT_TRUE(EqualsText(std::string("eu"), "eu"));
  EXPECT_FALSE(EqualsText(std::string("eu"), "EU"));
  EXPECT_TRUE(EqualsText(int64_t{7}, "7"));
  EXPECT_TRUE(EqualsText(int64_t{7}, "7.0"));
  EXPECT_TRUE(EqualsText(std::string("7"), "7"));
  EXPECT_FALSE(EqualsText(std::string("7"), "7.0"));
  EXPECT_TRUE(EqualsText(2.0, "2"));
  EXPECT_TRUE(EqualsText(0.1f, "0.1"));
  EXPECT_TRUE(EqualsText(true, "true"));
  EXPECT_FALSE(EqualsText(true, "1"));
  EXPECT_TRUE(EqualsText(Decimal{"12.5"}, "12.5"));
  EXPECT_TRUE(EqualsText(Date{0}, "1970-01-01"));
}

TEST(Match, LargeIntegersDoNotBlur) {
  EXPECT_TRUE(EqualsText(int64_t{9007199254740993}, "9007199254740993"));
  EXPECT_FALSE(EqualsText(int64_t{9007199254740993}, "9007199254740992"));
}

TEST(Match, NothingEqualsNullOrNested) {
  EXPECT_FALSE(EqualsText(Value(), ""));
  EXPECT_FALSE(EqualsText(Value(), "null"));
  EXPECT_FALSE(EqualsText(Json{"[1]"}, "[1]"));
}

TEST(Match, AllColumnsMustBeThereAndEqual) {
  const Payload payload = {{"a", int64_t{1}}, {"b", std::string("x")}};
  EXPECT_TRUE(Matches(payload, {}));
  EXPECT_TRUE(Matches(payload, {{"a", "1"}, {"b", "x"}}));
  EXPECT_FALSE(Matches(payload, {{"a", "1"}, {"b", "y"}}));
  EXPECT_FALSE(Matches(payload, {{"a", "1"}, {"c", "x"}}));
}

// -- nearest --------------------------------------------------------------------------------------

TEST(Nearest, CosineOfAnySize) {
  uint64_t state = 42;
  for (const size_t size : {1u, 3u, 15u, 16u, 17u, 100u, 1536u}) {
    std::vector<float> a(size);
    std::vector<float> b(size);
    for (size_t i = 0; i < size; ++i) {
      a[i] = static_cast<float>(static_cast<int64_t>(SplitMix64(state)) >> 40);
      b[i] = static_cast<float>(static_cast<int64_t>(SplitMix64(state)) >> 40);
    }
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (size_t i = 0; i < size; ++i) {
      dot += static_cast<double>(a[i]) * b[i];
      aa += static_cast<double>(a[i]) * a[i];
      bb += static_cast<double>(b[i]) * b[i];
    }
    EXPECT_NEAR(CosineTo(a)(b.data()), dot / std::sqrt(aa * bb), 1e-5) << size;
  }
}

TEST(Nearest, CosineReadsUnaligned) {
  const std::vector<float> a = {3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  std::vector<char> bytes(a.size() * sizeof(float) + 1);
  std::memcpy(bytes.data() + 1, a.data(), a.size() * sizeof(float));
  EXPECT_NEAR(CosineTo(a)(bytes.data() + 1), 1, 1e-6);
}

TEST(Nearest, VectorsWithoutLengthAreNearNothing) {
  const std::vector<float> zero(8, 0);
  const std::vector<float> one(8, 1);
  EXPECT_EQ(CosineTo(zero)(one.data()), 0);
  EXPECT_EQ(CosineTo(one)(zero.data()), 0);
}

TEST(Nearest, TopKKeepsTheBest) {
  TopK<int> best(3);
  const float scores[] = {0.1f, 0.9f, 0.5f, 0.7f, 0.2f, 0.9f};
  for (int i = 0; i < 6; ++i) {
    if (best.Wants(scores[i])) best.Add(scores[i], i);
  }
  const auto found = best.Take();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].first, 0.9f);
  EXPECT_EQ(found[1].first, 0.9f);
  EXPECT_EQ(found[2].first, 0.7f);
  EXPECT_EQ(found[2].second, 3);
  EXPECT_FALSE(TopK<int>(0).Wants(1));
}

// -- checked_batch --------------------------------------------------------------------------------

Point MakePoint(uint8_t id, Guard guard) {
  Point point;
  point.id.bytes[0] = id;
  point.guard = guard;
  point.key = fmt::format("[{}]", id);
  point.vector = Vector({1, 0});
  return point;
}

TEST(CheckedBatch, AscendingByGuardAndTheNewestOfEachId) {
  const std::vector<Point> points = {MakePoint(1, {2, 1}), MakePoint(2, {1, 9}),
                                     MakePoint(1, {1, 5}), MakePoint(3, {1, 2}),
                                     MakePoint(3, {1, 2}), MakePoint(2, {1, 10})};
  const CheckedBatch checked = CheckBatch(points, {.dimensions = 2});
  EXPECT_TRUE(checked.errors.empty());
  EXPECT_THAT(checked.indexes, ElementsAre(4, 5, 0));
}

TEST(CheckedBatch, DeletionsToo) {
  Uuid one;
  one.bytes[0] = 1;
  Uuid two;
  two.bytes[0] = 2;
  const std::vector<Sink::Deletion> deletions = {
      {two, {3, 0}}, {one, {1, 5}}, {one, {1, 7}}, {one, {1, 6}}};
  const auto newest = NewestDeletions(deletions);
  ASSERT_EQ(newest.size(), 2u);
  EXPECT_EQ(newest[0].id, one);
  EXPECT_EQ(newest[0].guard, (Guard{1, 7}));
  EXPECT_EQ(newest[1].id, two);
}

std::string Complaint(const Point& point, StoreLimits limits = {.dimensions = 2}) {
  const Status status = CheckPoint(point, limits);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  return std::string(Message(status));
}

TEST(CheckedBatch, SaysWhatIsWrongWithoutSayingTheValue) {
  Point point = MakePoint(1, {});
  point.vector = Vector({1, 2, 3});
  EXPECT_EQ(Complaint(point), "the vector has 3 dimensions, the collection 2");
  point.vector = Vector({1, -std::numeric_limits<float>::infinity()});
  EXPECT_EQ(Complaint(point), "the vector holds a value that is not a finite number");
  point = MakePoint(1, {});
  point.text = "\xFF";
  EXPECT_EQ(Complaint(point), "the text is not UTF-8");
  point = MakePoint(1, {});
  point.payload = {{"body", std::string("\xC0\xAF")}};
  EXPECT_EQ(Complaint(point), "payload column 'body' is not UTF-8");
  point.payload = {{"nested", Json{"{secret"}}};
  EXPECT_THAT(Complaint(point), HasSubstr("payload column 'nested': not JSON"));
  EXPECT_THAT(Complaint(point), Not(HasSubstr("secret")));
  point.payload = {{"nul", std::string("a\0b", 3)}};
  EXPECT_TRUE(CheckPoint(point, {.dimensions = 2}).ok());
  EXPECT_EQ(Complaint(point, {.dimensions = 2, .refuses_nul = true}),
            "payload column 'nul' holds the character U+0000, which the sink cannot store");
}

TEST(CheckedBatch, FiniteMeansAll) {
  std::vector<float> values(1000, 1.5f);
  EXPECT_TRUE(AllFinite(values));
  EXPECT_TRUE(AllFinite({}));
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const size_t place : {size_t{0}, size_t{500}, size_t{999}}) {
      values[place] = bad;
      EXPECT_FALSE(AllFinite(values)) << place;
      values[place] = std::numeric_limits<float>::max();
    }
  }
  EXPECT_TRUE(AllFinite(values));
}

// -- payload_json ---------------------------------------------------------------------------------

TEST(PayloadJson, ReadsWhatADatabaseMadeOfIt) {
  const auto payload = PayloadFromJson(R"( {"b": 1.50, "a": [1,  {"x": null}], "c": null,
      "d": 100000000000000000000, "e": 9223372036854775807, "f": "t\u00e9xt", "g": true} )");
  ASSERT_TRUE(payload.ok()) << payload.status();
  ASSERT_EQ(payload->size(), 7u);
  EXPECT_EQ((*payload)[0].first, "a");
  EXPECT_EQ(std::get<Json>((*payload)[0].second).text, R"([1,{"x":null}])");
  EXPECT_EQ(std::get<double>((*payload)[1].second), 1.5);
  EXPECT_TRUE(IsNull((*payload)[2].second));
  EXPECT_EQ(std::get<double>((*payload)[3].second), 1e20);
  EXPECT_EQ(std::get<int64_t>((*payload)[4].second), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(std::get<std::string>((*payload)[5].second), "t\xC3\xA9xt");
  EXPECT_EQ(std::get<bool>((*payload)[6].second), true);
}

TEST(PayloadJson, RefusesWhatIsNoObject) {
  EXPECT_FALSE(PayloadFromJson("[1]").ok());
  EXPECT_FALSE(PayloadFromJson("").ok());
}

TEST(PayloadJson, KeysBecomeCanonicalAgain) {
  EXPECT_EQ(CanonicalKeyFromJson(R"([ "KB-1",  7 ])"), R"(["KB-1",7])");
  EXPECT_EQ(CanonicalKeyFromJson("[1.50, 1000000000000000000000, true]"), "[1.5,1e+21,true]");
  EXPECT_EQ(CanonicalKeyFromJson(R"(["t\u00e9"])"), "[\"t\xC3\xA9\"]");
  EXPECT_EQ(CanonicalKeyFromJson("changed by hand"), "changed by hand");
}

}  // namespace
}  // namespace drift
