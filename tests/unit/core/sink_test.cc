// Which collections a pipeline may share.
#include "core/sink.h"

#include <gtest/gtest.h>

#include "core/reasons.h"

namespace drift {
namespace {

CollectionStamp Stamp() {
  CollectionStamp stamp;
  stamp.model = "openai/text-embedding-3-small";
  stamp.fingerprint = "openai/text-embedding-3-small";
  stamp.dimensions = 1536;
  return stamp;
}

CollectionInfo Found(const CollectionStamp& stamp) {
  CollectionInfo info;
  info.exists = true;
  info.dimensions = stamp.dimensions;
  info.stamp = stamp;
  return info;
}

TEST(CompatibleTest, SameSpaceMayShareACollection) {
  EXPECT_TRUE(CheckCompatible("docs", CollectionInfo{}, Stamp()).ok());
  EXPECT_TRUE(CheckCompatible("docs", Found(Stamp()), Stamp()).ok());
  // Another name for the same provider: the fingerprint says it is the same space.
  CollectionStamp renamed = Stamp();
  renamed.model = "openai-eu/text-embedding-3-small";
  EXPECT_TRUE(CheckCompatible("docs", Found(Stamp()), renamed).ok());
}

void ExpectDiffers(const CollectionInfo& found, const CollectionStamp& wanted,
                   std::string_view message) {
  const Status status = CheckCompatible("docs", found, wanted);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Reason(status), reason::kCollectionDiffers);
  EXPECT_FALSE(Remedy(status).empty());
  EXPECT_EQ(Message(status), message);
}

TEST(CompatibleTest, AnythingElseIsRefusedNamingBothSides) {
  CollectionInfo foreign;
  foreign.exists = true;
  foreign.dimensions = 384;
  ExpectDiffers(foreign, Stamp(), "docs was not made by Drift (384 dimensions, no stamp)");

  CollectionStamp shadow = Stamp();
  shadow.model = shadow.fingerprint = "shadow/1536";
  ExpectDiffers(Found(Stamp()), shadow,
                "docs holds vectors of openai/text-embedding-3-small, 1536 dimensions, "
                "cosine; the pipeline makes shadow/1536, 1536 dimensions, cosine");

  CollectionStamp shorter = Stamp();
  shorter.dimensions = 512;
  ExpectDiffers(Found(Stamp()), shorter,
                "docs holds vectors of openai/text-embedding-3-small, 1536 dimensions, "
                "cosine; the pipeline makes openai/text-embedding-3-small, 512 dimensions, cosine");

  CollectionStamp other_weights = Stamp();
  other_weights.fingerprint = "b";
  ExpectDiffers(Found(Stamp()), other_weights,
                "docs holds vectors of openai/text-embedding-3-small with fingerprint "
                "openai/text-embedding-3-small; the one here has b");

  CollectionInfo altered = Found(Stamp());
  altered.dimensions = 8;
  ExpectDiffers(altered, Stamp(),
                "docs is stamped openai/text-embedding-3-small, 1536 dimensions, "
                "cosine, but the store has it with 8 dimensions, cosine: it was changed by hand");
}

}  // namespace
}  // namespace drift
