#include "net/stamp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drift {
namespace {

using ::testing::HasSubstr;

CollectionStamp Stamp() {
  CollectionStamp stamp;
  stamp.model = "openai/text-embedding-3-small";
  stamp.fingerprint = "openai/text-embedding-3-small";
  stamp.dimensions = 1536;
  stamp.sources["docs"] = {"01JABCDEF", 3, 41};
  stamp.sources["a \"quoted\" name"] = {"01JX", 1};
  return stamp;
}

TEST(StampTest, GoesThroughJsonUnchanged) {
  CollectionStamp stamp = Stamp();
  const std::string text = StampToJson(stamp);
  const auto back = StampFromJson(text);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->model, stamp.model);
  EXPECT_EQ(back->fingerprint, stamp.fingerprint);
  EXPECT_EQ(back->dimensions, stamp.dimensions);
  EXPECT_EQ(back->sources, stamp.sources);

  stamp.sources = {{"docs", {"01J", 1, 7}}};
  EXPECT_EQ(StampToJson(stamp),
            R"({"model":"openai/text-embedding-3-small",)"
            R"("fingerprint":"openai/text-embedding-3-small","dimensions":1536,"metric":"cosine",)"
            R"("sources":{"docs":{"ledger":"01J","revision":1,"version":7}}})");
}

TEST(StampTest, AnEntryWithoutAVersionSaysNoneWasReached) {
  const auto stamp =
      StampFromJson(R"({"model":"m","fingerprint":"f","dimensions":2,"metric":"cosine",)"
                    R"("sources":{"docs":{"ledger":"01J","revision":1}}})");
  ASSERT_TRUE(stamp.ok()) << stamp.status();
  EXPECT_EQ(stamp->sources.at("docs").version, -1);
}

TEST(StampTest, BadDocumentsAreRefused) {
  const auto message = [](std::string_view text) {
    const auto stamp = StampFromJson(text);
    EXPECT_EQ(stamp.status().code(), StatusCode::kInvalidArgument);
    return std::string(Message(stamp.status()));
  };
  EXPECT_THAT(message("a comment of the user's own"), HasSubstr("collection stamp: not JSON"));
  EXPECT_EQ(message("[]"), "collection stamp: the document: expected an object, found an array");
  EXPECT_EQ(message(R"({"model":"m"})"), "collection stamp: fingerprint: missing");
  EXPECT_EQ(message(R"({"model":"m","fingerprint":"f","dimensions":0,"metric":"cosine"})"),
            "collection stamp: dimensions: 0 is out of range");
  EXPECT_EQ(message(R"({"model":"m","fingerprint":"f","dimensions":2,"metric":"l2"})"),
            "collection stamp: metric: not known to this release");
  EXPECT_EQ(message(R"({"model":"m","fingerprint":"f","dimensions":2,"metric":"cosine",)"
                    R"("sources":{"docs":{"ledger":"x","revision":"1"}}})"),
            "collection stamp: sources.docs.revision: expected an integer, found a string");
  EXPECT_EQ(message(R"({"model":"m","fingerprint":"f","dimensions":2,"metric":"cosine",)"
                    R"("sources":["docs"]})"),
            "collection stamp: sources: expected an object, found an array");
}

TEST(StampTest, UnknownMembersOfALaterReleaseAreIgnored) {
  EXPECT_TRUE(StampFromJson(R"({"model":"m","fingerprint":"f","dimensions":2,"metric":"cosine",)"
                            R"("later":{"x":1}})")
                  .ok());
}

}  // namespace
}  // namespace drift
