#include "core/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drift {
namespace {

PipelineSpec Spec() {
  PipelineSpec spec;
  spec.name = "docs";
  spec.table = "/lake/docs";
  spec.key = {"id"};
  spec.text_columns = {"body"};
  spec.model = "openai/text-embedding-3-small";
  spec.sink = "sqlite:///i.db?collection=docs";
  return spec;
}

TEST(ContentConfigHash, ChangesWithWhatIsEmbeddedOnly) {
  const PipelineSpec base = Spec();
  const auto differs = [&](auto change) {
    PipelineSpec other = base;
    change(other);
    return ContentConfigHash(other) != ContentConfigHash(base);
  };
  EXPECT_TRUE(differs([](PipelineSpec& s) { s.key = {"id", "b"}; }));
  EXPECT_TRUE(differs([](PipelineSpec& s) { s.text_columns = {"title", "body"}; }));
  EXPECT_TRUE(differs([](PipelineSpec& s) { s.payload = {"a"}; }));
  EXPECT_TRUE(differs([](PipelineSpec& s) { s.where_not_null = {"a"}; }));
  EXPECT_TRUE(differs([](PipelineSpec& s) { s.chunking.size = 4; }));
  EXPECT_TRUE(differs([](PipelineSpec& s) { s.store_text = true; }));
  EXPECT_FALSE(differs([](PipelineSpec& s) { s.limits.batch_size = 1; }));
  EXPECT_FALSE(differs([](PipelineSpec& s) { s.every_secs = 5; }));
  EXPECT_FALSE(differs([](PipelineSpec& s) { s.sink = "x"; }));
  // A list is not its words run together.
  PipelineSpec one = base, two = base;
  one.payload = {"a", "b"};
  two.payload = {"a\",\"b"};
  EXPECT_NE(ContentConfigHash(one), ContentConfigHash(two));
}

TEST(DescribeDifference, NamesWhatChanged) {
  PipelineSpec other = Spec();
  EXPECT_EQ(DescribeDifference(Spec(), other), "");
  other.text_columns = {"title"};
  other.chunking.type = ChunkingSpec::Type::kTokens;
  EXPECT_EQ(DescribeDifference(Spec(), other), "text, chunking");
}

TEST(DerivedPipelineName, IsStableAndWithoutSecrets) {
  PipelineSpec spec = Spec();
  const std::string name = DerivedPipelineName(spec);
  EXPECT_THAT(name, ::testing::MatchesRegex("docs-[0-9a-f]{8}"));
  spec.sink = "postgresql://u:one@h/db?table=t";
  const std::string with_one = DerivedPipelineName(spec);
  spec.sink = "postgresql://u:two@h/db?table=t";
  EXPECT_EQ(DerivedPipelineName(spec), with_one);
  EXPECT_NE(with_one, name);
  spec.table = "s3://lake/a b/déjà/";
  EXPECT_THAT(DerivedPipelineName(spec), ::testing::StartsWith("d__j__-"));
}

TEST(ReferencedColumns, WithoutTheKey) {
  PipelineSpec spec = Spec();
  spec.payload = {"id", "lang", "body"};
  EXPECT_THAT(*ReferencedColumns(spec), ::testing::ElementsAre("body", "lang"));
}

}  // namespace
}  // namespace drift
