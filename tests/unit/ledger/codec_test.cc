#include "ledger/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace drift::ledger {
namespace {

using ::testing::SizeIs;

TEST(CodecTest, NumbersOfAnySizeComeBack) {
  for (const int64_t value :
       {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{127}, int64_t{128}, int64_t{-12345678901},
        std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
    std::string bytes;
    AppendSigned(bytes, value);
    AppendVarint(bytes, static_cast<uint64_t>(value));
    std::string_view rest = bytes;
    int64_t signed_back = 0;
    uint64_t back = 0;
    ASSERT_TRUE(TakeSigned(rest, signed_back) && TakeVarint(rest, back));
    EXPECT_EQ(signed_back, value);
    EXPECT_EQ(back, static_cast<uint64_t>(value));
    EXPECT_TRUE(rest.empty());
  }
}

TEST(CodecTest, NumbersThatAreCutOffOrTooLongAreRefused) {
  uint64_t value = 0;
  std::string_view cut = "\xff";
  EXPECT_FALSE(TakeVarint(cut, value));
  const std::string eleven(11, '\xff');
  std::string_view endless = eleven;
  EXPECT_FALSE(TakeVarint(endless, value));
  std::string_view nothing;
  EXPECT_FALSE(TakeVarint(nothing, value));
}

TEST(CodecTest, ChunksComeBack) {
  std::vector<ChunkState> chunks = {{Sha256("a"), 0, 0, false, 0},
                                    {Sha256("b"), 2'000'000'000, 8191, true, -5},
                                    {Sha256("c"), 7, 1, false, int64_t{1} << 60}};
  std::string bytes;
  AppendChunks(bytes, chunks);
  std::vector<ChunkState> back;
  ASSERT_TRUE(DecodeChunks(bytes, back).ok());
  EXPECT_EQ(back, chunks);
}

TEST(CodecTest, DamagedBytesAreDataLossAndNeverReadBeyond) {
  const std::vector<ChunkState> chunks = {{Sha256("a"), 400, 96, true, 1920}};
  const std::vector<StagedKey> keys = {{"[\"KB-1\"]", 2, {3, 400}}};
  std::string of_chunks;
  AppendChunks(of_chunks, chunks);
  const std::string of_keys = EncodeStage(keys);
  for (size_t size = 1; size < of_chunks.size(); ++size) {
    std::vector<ChunkState> out;
    EXPECT_EQ(DecodeChunks(of_chunks.substr(0, size), out).code(), StatusCode::kDataLoss) << size;
  }
  for (size_t size = 1; size < of_keys.size(); ++size) {
    std::vector<StagedKey> out;
    EXPECT_EQ(DecodeStage(of_keys.substr(0, size), out).code(), StatusCode::kDataLoss) << size;
  }
}

TEST(CodecTest, StagesMergeToTheLargestCountAndTheNewestGuard) {
  const auto merged =
      MergeStages({{"[2]", 1, {1, 5}}, {"[1]", 3, {1, 4}}, {"[2]", 4, {1, 2}}, {"[2]", 2, {2, 1}}});
  ASSERT_THAT(merged, SizeIs(2));
  EXPECT_EQ(merged[0].key, "[1]");
  EXPECT_EQ(merged[1].key, "[2]");
  EXPECT_EQ(merged[1].chunks, 4);
  EXPECT_EQ(merged[1].guard, (Guard{2, 1}));
}

TEST(CodecTest, KeysWithANullAreKnown) {
  for (const char* key : {"[null]", "[1,null]", "[\"a\\\"\",null,\"b\"]"}) {
    EXPECT_TRUE(HasNull(key)) << key;
  }
  for (const char* key : {"[\"null\"]", "[\"a\\\"null\"]", "[1,true,false]", "[]", "[\"\\\\\"]"}) {
    EXPECT_FALSE(HasNull(key)) << key;
  }
}

CommitBatch SomeBatch() {
  CommitBatch batch;
  batch.run_id = "01RUN";
  batch.now = WallTime(std::chrono::seconds(1));
  batch.upserts.push_back({"[1]", {}, {1, 1}, false, {}});
  batch.deletions.push_back({"[2]", {1, 1}, 1});
  batch.closed_letters = {"[3]"};
  batch.closes_stage = 4;
  batch.cursor = Cursor{"c"};
  batch.version = 9;
  return batch;
}

TEST(CodecTest, DigestTellsBatchesApart) {
  const int64_t digest = CommitDigest(SomeBatch());
  EXPECT_EQ(CommitDigest(SomeBatch()), digest);
  EXPECT_NE(digest, 0);
  const std::vector<void (*)(CommitBatch&)> changes = {
      [](CommitBatch& batch) { batch.run_id = "01OTHER"; },
      [](CommitBatch& batch) { batch.now += std::chrono::microseconds(1); },
      [](CommitBatch& batch) { batch.upserts[0].key = "[11]"; },
      [](CommitBatch& batch) { batch.upserts[0].content[0] = 1; },
      [](CommitBatch& batch) { batch.upserts.clear(); },
      [](CommitBatch& batch) { batch.deletions[0].key = "[22]"; },
      [](CommitBatch& batch) { batch.closed_letters.clear(); },
      [](CommitBatch& batch) { batch.closes_stage = 5; },
      [](CommitBatch& batch) { batch.closes_stage.reset(); },
      [](CommitBatch& batch) { batch.cursor->token = "d"; },
      [](CommitBatch& batch) { batch.version = 10; },
      [](CommitBatch& batch) { batch.counters.rows_read = 1; },
      [](CommitBatch& batch) { batch.free_requests.emplace_back(); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    CommitBatch batch = SomeBatch();
    changes[i](batch);
    EXPECT_NE(CommitDigest(batch), digest) << "change " << i;
  }
}

}  // namespace
}  // namespace drift::ledger
