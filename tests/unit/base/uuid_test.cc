#include "base/uuid.h"

#include <gtest/gtest.h>

#include <set>

#include "base/hash.h"
#include "base/ulid.h"

namespace drift {
namespace {

TEST(Uuid, Version5OfTheStandard) {
  // RFC 9562, appendix A.4: the DNS namespace and www.example.com.
  const auto dns = ParseUuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  ASSERT_TRUE(dns.ok());
  EXPECT_EQ(UuidV5(*dns, "www.example.com").ToString(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(Uuid, ParsesWhatItPrintsAndNothingElse) {
  EXPECT_EQ(ParseUuid("6BA7B810-9DAD-11D1-80B4-00C04FD430C8")->ToString(),
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  for (const char* text : {"", "6ba7b810", "6ba7b8109dad11d180b400c04fd430c8xxxx",
                           "6ba7b810-9dad-11d1-80b4-00c04fd430cg"}) {
    EXPECT_FALSE(ParseUuid(text).ok()) << text;
  }
}

TEST(Sha256, OfTheStandard) {
  EXPECT_EQ(Prefix64(Sha256("abc")), 0xba7816bf8f01cfeaULL);
}

TEST(Ulid, SortsByTimeAndIsUnique) {
  Rng rng(1);
  const WallTime early{std::chrono::seconds(1)};
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(MakeUlid(early, rng));
  EXPECT_EQ(ids.size(), 1000u);
  EXPECT_EQ(ids.begin()->size(), 26u);
  EXPECT_LT(*ids.rbegin(), MakeUlid(early + std::chrono::milliseconds(1), rng));
}

}  // namespace
}  // namespace drift
