#include "pipeline/embed_lanes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace drift {
namespace {

using ::testing::ElementsAre;

class EmbedLanesTest : public ::testing::Test {
 protected:
  std::shared_ptr<EmbedClient> Client(EmbedPriority priority = EmbedPriority::kLive,
                                      int32_t batch_size = 128) {
    auto client = std::make_shared<EmbedClient>();
    client->priority = priority;
    client->batch_size = batch_size;
    return client;
  }
  void Add(const std::shared_ptr<EmbedClient>& client, int64_t tokens, std::string text = "text") {
    auto slot = std::make_shared<EmbedSlot>();
    slot->text.text = std::move(text);
    slot->tokens = tokens;
    slot->waiters.push_back({client, nullptr, 0});
    lanes_.Add(slot);
  }
  std::optional<EmbedPack> Take() {
    const auto choice = lanes_.Next(limits_);
    if (!choice) return std::nullopt;
    return lanes_.Take(*choice);
  }
  std::vector<int64_t> TakeTokens() {
    std::vector<int64_t> out;
    const auto pack = Take();
    if (!pack) return out;
    for (const auto& slot : pack->slots) out.push_back(slot->tokens);
    return out;
  }

  RequestLimits limits_;
  EmbedLanes lanes_;
};

TEST_F(EmbedLanesTest, OnlyFullRequestsGo) {
  const auto client = Client(EmbedPriority::kLive, 3);
  Add(client, 1);
  Add(client, 2);
  EXPECT_FALSE(Take());
  Add(client, 3);
  Add(client, 4);
  EXPECT_THAT(TakeTokens(), ElementsAre(1, 2, 3));
  EXPECT_FALSE(Take());
  lanes_.Flush(*client);
  EXPECT_THAT(TakeTokens(), ElementsAre(4));
  EXPECT_FALSE(Take());
}

TEST_F(EmbedLanesTest, TheLastOneWaitsForThoseInFlight) {
  const auto client = Client();
  client->requests_in_flight = 1;
  Add(client, 1);
  lanes_.Flush(*client);
  EXPECT_FALSE(Take());
  client->requests_in_flight = 0;
  EXPECT_THAT(TakeTokens(), ElementsAre(1));
}

TEST_F(EmbedLanesTest, TokensLimitARequestAndGapsAreFilled) {
  limits_.max_tokens = 100;
  const auto client = Client();
  for (const int64_t tokens : {60, 50, 40, 30}) Add(client, tokens);
  EXPECT_THAT(TakeTokens(), ElementsAre(60, 40));
  lanes_.Flush(*client);
  EXPECT_THAT(TakeTokens(), ElementsAre(50, 30));
}

TEST_F(EmbedLanesTest, QuarterBytesCountWhereTheProviderCountsThem) {
  limits_.max_tokens = 100;
  limits_.token_rule = TokenRule::kQuarterBytes;
  const auto client = Client();
  Add(client, 10, std::string(241, 'x'));  // 61 by its bytes
  Add(client, 10, std::string(160, 'x'));  // 40
  Add(client, 10, std::string(156, 'x'));  // 39
  const auto pack = Take();
  ASSERT_TRUE(pack);
  ASSERT_EQ(pack->slots.size(), 2u);
  EXPECT_EQ(pack->slots[1]->quarter_bytes, 39);
}

TEST_F(EmbedLanesTest, BytesAreThoseOfTheBody) {
  limits_.max_bytes = 64;
  const auto client = Client();
  Add(client, 1, std::string(9, '\n'));  // nine escapes of six bytes
  Add(client, 1, "twelve bytes");
  const auto pack = Take();
  ASSERT_TRUE(pack);
  EXPECT_EQ(pack->slots.size(), 1u);
}

TEST_F(EmbedLanesTest, ATextTooLargeForAnyRequestGoesAlone) {
  limits_.max_tokens = 100;
  const auto client = Client();
  Add(client, 500);
  Add(client, 10);
  EXPECT_THAT(TakeTokens(), ElementsAre(500));
}

TEST_F(EmbedLanesTest, RequestsAreWithinFivePercentOfTheLowerBound) {
  limits_.max_tokens = 8192;
  std::mt19937 random(7);
  // Log-normal lengths, as texts of a corpus have.
  std::lognormal_distribution<double> lengths(5.3, 0.9);
  const auto client = Client(EmbedPriority::kBackfill, 2048);
  int64_t sum = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto tokens = std::clamp<int64_t>(static_cast<int64_t>(lengths(random)), 1, 4000);
    sum += tokens;
    Add(client, tokens);
  }
  lanes_.Flush(*client);
  int64_t requests = 0;
  while (Take()) ++requests;
  const int64_t bound = (sum + limits_.max_tokens - 1) / limits_.max_tokens;
  EXPECT_LE(static_cast<double>(requests), 1.05 * static_cast<double>(bound));
}

TEST_F(EmbedLanesTest, LiveChangesPassABackfillAndDoNotStarveIt) {
  const auto live = Client(EmbedPriority::kLive, 1);
  const auto backfill = Client(EmbedPriority::kBackfill, 1);
  for (int i = 0; i < 500; ++i) Add(backfill, 100);
  for (int i = 0; i < 500; ++i) Add(live, 100);
  std::map<EmbedClient*, int> served;
  for (int i = 0; i < 100; ++i) ++served[Take()->client.get()];
  EXPECT_EQ(served[live.get()], 80);
  EXPECT_EQ(served[backfill.get()], 20);
}

TEST_F(EmbedLanesTest, WhoWasIdleIsNotServedAlone) {
  const auto live = Client(EmbedPriority::kLive, 1);
  const auto backfill = Client(EmbedPriority::kBackfill, 1);
  for (int i = 0; i < 500; ++i) Add(backfill, 100);
  for (int i = 0; i < 100; ++i) Take();
  for (int i = 0; i < 500; ++i) Add(live, 100);
  std::map<EmbedClient*, int> served;
  for (int i = 0; i < 50; ++i) ++served[Take()->client.get()];
  EXPECT_NEAR(served[backfill.get()], 10, 1);
}

TEST_F(EmbedLanesTest, ASearchPassesAll) {
  const auto live = Client(EmbedPriority::kLive, 1);
  for (int i = 0; i < 5; ++i) Add(live, 100);
  const auto search = Client(EmbedPriority::kSearch);
  Add(search, 7);
  lanes_.Flush(*search);
  EXPECT_THAT(TakeTokens(), ElementsAre(7));
}

TEST_F(EmbedLanesTest, ClientsOfAClassTakeTurns) {
  const auto one = Client(EmbedPriority::kLive, 1);
  const auto two = Client(EmbedPriority::kLive, 1);
  for (int i = 0; i < 4; ++i) Add(one, 1);
  for (int i = 0; i < 4; ++i) Add(two, 2);
  std::vector<int64_t> order;
  for (int i = 0; i < 6; ++i) order.push_back(TakeTokens().front());
  EXPECT_THAT(order, ElementsAre(1, 2, 1, 2, 1, 2));
}

TEST_F(EmbedLanesTest, WhoLeavesTakesItsTextsAlong) {
  const auto one = Client(EmbedPriority::kLive, 1);
  Add(one, 1);
  Add(one, 2);
  EXPECT_EQ(lanes_.Remove(*one).size(), 2u);
  EXPECT_FALSE(Take());
}

}  // namespace
}  // namespace drift
