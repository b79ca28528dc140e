#include "ledger/spec_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drift::ledger {
namespace {

PipelineSpec FullSpec() {
  PipelineSpec spec;
  spec.name = "docs \"quoted\" é";
  spec.source_type = "delta";
  spec.table = "s3://lake/docs";
  spec.storage = {{"region", "eu-west-1"}, {"secret_access_key", "env:KEY"}};
  spec.key = {"tenant", "id"};
  spec.text = "{title}\n\n{body}";
  spec.text_columns = {"title", "body"};
  spec.where_not_null = {"body"};
  spec.payload = {"category", "updated_at"};
  spec.store_text = true;
  spec.chunking = {ChunkingSpec::Type::kSentence, 400, 40};
  spec.model = "openai/text-embedding-3-small";
  spec.dimensions = 512;
  spec.shadow = true;
  spec.sink = "qdrant://qdrant:6334/docs";
  spec.dedup = false;
  spec.since_version = 0;
  spec.every_secs = 30;
  spec.limits = {1 << 20, 7, 0};
  return spec;
}

TEST(SpecJsonTest, EverythingComesBack) {
  for (const PipelineSpec& spec : {FullSpec(), PipelineSpec()}) {
    const auto back = SpecFromJson(SpecToJson(spec));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_TRUE(*back == spec) << SpecToJson(*back) << "\n" << SpecToJson(spec);
  }
}

TEST(SpecJsonTest, MembersOfOtherReleasesDoNotMatter) {
  const auto back = SpecFromJson(R"({"name": "docs", "from_the_future": {"a": [1]}})");
  ASSERT_TRUE(back.ok()) << back.status();
  PipelineSpec expected;
  expected.name = "docs";
  EXPECT_TRUE(*back == expected);
}

TEST(SpecJsonTest, DamagedDocumentIsDataLoss) {
  for (const char* text : {"", "{", "[]", "null", "{\"name\": "}) {
    EXPECT_EQ(SpecFromJson(text).status().code(), StatusCode::kDataLoss) << text;
  }
}

}  // namespace
}  // namespace drift::ledger
