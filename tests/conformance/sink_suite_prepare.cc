// Collections: made, described, stamped, refused, dropped.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "core/reasons.h"
#include "tests/conformance/sink_suite.h"

namespace drift::testing {
namespace {

using ::testing::HasSubstr;

TEST_P(SinkSuite, WhatIsNotThereIsDescribedAsSuch) {
  const auto sink = Open(FreshName());
  const auto info = sink->Describe({});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_FALSE(info->exists);
  EXPECT_FALSE(info->stamp);
  EXPECT_EQ(info->points, 0);
}

TEST_P(SinkSuite, DescribeMakesNothing) {
  const std::string name = FreshName();
  ASSERT_TRUE(Open(name)->Describe({}).ok());
  const auto created = Open(name)->Prepare(Spec("docs"), {});
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(*created);
}

TEST_P(SinkSuite, PrepareCreatesOnceAndStamps) {
  const std::string name = FreshName();
  const CollectionSpec spec = Spec("docs");
  EXPECT_TRUE(Open(name)->Prepare(spec, {}).value_or(false));
  const auto sink = Open(name);
  const auto again = sink->Prepare(spec, {});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(*again);
  const auto info = sink->Describe({});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_TRUE(info->exists);
  EXPECT_EQ(info->dimensions, kDimensions);
  ASSERT_TRUE(info->stamp);
  EXPECT_EQ(info->stamp->model, spec.stamp.model);
  EXPECT_EQ(info->stamp->fingerprint, spec.stamp.fingerprint);
  EXPECT_EQ(info->stamp->dimensions, kDimensions);
  ASSERT_EQ(info->stamp->sources.size(), 1u);
  EXPECT_EQ(info->stamp->sources.at("docs"), spec.owner);
}

TEST_P(SinkSuite, PrepareEntersEachSourceAndItsNewRevision) {
  const std::string name = FreshName();
  const auto sink = Open(name);
  ASSERT_TRUE(sink->Prepare(Spec("docs"), {}).ok());
  ASSERT_TRUE(Open(name)->Prepare(Spec("tickets"), {}).ok());
  CollectionSpec newer = Spec("docs");
  newer.owner = {"01JOTHER", 7, 42};
  ASSERT_TRUE(sink->Prepare(newer, {}).ok());
  const auto info = sink->Describe({});
  ASSERT_TRUE(info.ok() && info->stamp);
  EXPECT_EQ(info->stamp->sources.size(), 2u);
  EXPECT_EQ(info->stamp->sources.at("docs"), newer.owner);
  EXPECT_EQ(info->stamp->sources.at("tickets"), Spec("tickets").owner);
}

TEST_P(SinkSuite, AnotherModelIsRefusedNamingBoth) {
  const auto sink = Prepared();
  const auto refused = sink->Prepare(Spec("docs", kDimensions, "openai/small"), {});
  EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reason(refused.status()), reason::kCollectionDiffers);
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("shadow/8"));
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("openai/small"));
}

TEST_P(SinkSuite, OtherDimensionsAreRefusedNamingBoth) {
  const auto sink = Prepared();
  const auto refused = sink->Prepare(Spec("docs", 1536), {});
  EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reason(refused.status()), reason::kCollectionDiffers);
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("8 dimensions"));
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("1536 dimensions"));
}

TEST_P(SinkSuite, AnotherFingerprintIsRefused) {
  const auto sink = Prepared();
  CollectionSpec other = Spec("docs");
  other.stamp.fingerprint = "other weights";
  const auto refused = sink->Prepare(other, {});
  EXPECT_EQ(Reason(refused.status()), reason::kCollectionDiffers);
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("other weights"));
}

TEST_P(SinkSuite, ARefusalChangesNothing) {
  const auto sink = Prepared();
  Write(*sink, MakePoints(3));
  ASSERT_FALSE(sink->Prepare(Spec("tickets", 1536), {}).ok());
  const auto info = sink->Describe({});
  ASSERT_TRUE(info.ok() && info->stamp);
  EXPECT_EQ(info->stamp->sources.size(), 1u);
  EXPECT_EQ(info->dimensions, kDimensions);
  // The handle goes on with the collection as it is.
  Write(*sink, MakePoints(4));
  EXPECT_EQ(Count(*sink), 4);
}

TEST_P(SinkSuite, ManyPrepareAtOnceAndOneCreates) {
  const std::string name = FreshName();
  constexpr int kPipelines = 6;
  std::vector<std::unique_ptr<Sink>> sinks;
  for (int i = 0; i < kPipelines; ++i) sinks.push_back(Open(name));
  std::atomic<int> created = 0;
  std::vector<Status> failures(kPipelines);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kPipelines; ++i) {
      threads.emplace_back([&, i] {
        const auto made = sinks[i]->Prepare(Spec(fmt::format("source {}", i)), {});
        failures[i] = made.status();
        created += made.value_or(false) ? 1 : 0;
      });
    }
  }
  for (const Status& failure : failures) EXPECT_TRUE(failure.ok()) << failure;
  EXPECT_EQ(created, 1);
  const auto info = sinks[0]->Describe({});
  ASSERT_TRUE(info.ok() && info->stamp);
  EXPECT_EQ(info->stamp->sources.size(), static_cast<size_t>(kPipelines));
}

TEST_P(SinkSuite, WithoutACollectionEveryCallSaysSo) {
  const auto sink = Open(FreshName());
  const std::vector<Point> points = MakePoints(1);
  const Uuid id = points[0].id;
  const Sink::Deletion deletion{id, {1, 1}};
  const auto is_not_found = [](const Status& status) {
    EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
  };
  is_not_found(sink->DescribeSource("docs", {}).status());
  is_not_found(sink->Write({"docs", points}, {}).status());
  is_not_found(sink->Delete({&deletion, 1}, {}));
  is_not_found(sink->Read({&id, 1}, true, {}).status());
  is_not_found(sink->Search("docs", points[0].vector, 3, {}, {}).status());
  is_not_found(sink->List("docs", std::nullopt, 10, {}).status());
  is_not_found(sink->Sweep("docs", 2, {}).status());
  is_not_found(sink->Drop("docs", {}));
  is_not_found(sink->BuildIndex({}));
}

TEST_P(SinkSuite, ACollectionThatVanishedIsNotFoundAndMadeAgain) {
  const std::string name = FreshName();
  const auto sink = Open(name);
  ASSERT_TRUE(sink->Prepare(Spec("docs"), {}).ok());
  Write(*sink, MakePoints(3));
  ASSERT_TRUE(Open(name)->Drop("docs", {}).ok());
  EXPECT_EQ(sink->Write({"docs", MakePoints(1)}, {}).status().code(), StatusCode::kNotFound);
  const auto created = sink->Prepare(Spec("docs", kDimensions * 2), {});
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(*created);
  Write(*sink, MakePoints(2, {1, 1}, "docs", kDimensions * 2));
  EXPECT_EQ(Count(*sink), 2);
}

TEST_P(SinkSuite, DropLeavesOtherSourcesAndTheLastTakesTheCollection) {
  const std::string name = FreshName();
  const auto sink = Open(name);
  ASSERT_TRUE(sink->Prepare(Spec("docs"), {}).ok());
  ASSERT_TRUE(sink->Prepare(Spec("tickets"), {}).ok());
  Write(*sink, MakePoints(5, {1, 1}, "docs"), "docs");
  Write(*sink, MakePoints(4, {1, 1}, "tickets"), "tickets");

  Status dropped = sink->Drop("docs", {});
  ASSERT_TRUE(dropped.ok()) << dropped;
  EXPECT_EQ(Count(*sink, "docs"), 0);
  EXPECT_EQ(Count(*sink, "tickets"), 4);
  auto info = sink->Describe({});
  ASSERT_TRUE(info.ok() && info->stamp);
  EXPECT_FALSE(info->stamp->sources.contains("docs"));
  EXPECT_TRUE(info->stamp->sources.contains("tickets"));

  dropped = sink->Drop("tickets", {});
  ASSERT_TRUE(dropped.ok()) << dropped;
  info = sink->Describe({});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_FALSE(info->exists);
}

TEST_P(SinkSuite, DroppingASourceThatHasNothingIsFine) {
  const auto sink = Prepared();
  Write(*sink, MakePoints(2));
  EXPECT_TRUE(sink->Drop("never seen", {}).ok());
  EXPECT_EQ(Count(*sink), 2);
}

TEST_P(SinkSuite, BulkLoadThenIndexThenSearch) {
  const std::string name = FreshName();
  const auto sink = Open(name);
  CollectionSpec spec = Spec("docs");
  spec.bulk_load = true;
  ASSERT_TRUE(sink->Prepare(spec, {}).ok());
  Write(*sink, MakePoints(300));
  // Died before the index was built; another process finishes.
  const auto other = Open(name);
  ASSERT_FALSE(other->Prepare(spec, {}).value_or(true));
  Write(*other, MakePoints(350));
  for (int twice = 0; twice < 2; ++twice) {
    const Status built = other->BuildIndex({});
    ASSERT_TRUE(built.ok()) << built;
  }
  const Point wanted = MakePoint(333);
  const auto hits = sink->Search("docs", wanted.vector, 3, {}, {});
  ASSERT_TRUE(hits.ok()) << hits.status();
  ASSERT_EQ(hits->size(), 3u);
  EXPECT_EQ(hits->front().point.key, wanted.key);
  // What comes after the load is found too.
  spec.bulk_load = false;
  ASSERT_TRUE(sink->Prepare(spec, {}).ok());
  Write(*sink, {MakePoint(999)});
  const auto later = sink->Search("docs", MakePoint(999).vector, 1, {}, {});
  ASSERT_TRUE(later.ok() && later->size() == 1u);
  EXPECT_EQ(later->front().point.key, MakePoint(999).key);
}

}  // namespace
}  // namespace drift::testing
