#include "pipeline/embed_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/reasons.h"
#include "tests/unit/pipeline/queue_test_base.h"

namespace drift {
namespace {

using ::testing::ElementsAreArray;
using testing::FakeTokens;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr NanoUsd kPerToken = 20;

class EmbedQueueTest : public testing::QueueTestBase {
 protected:
  EmbedQueueTest() { MakeQueue(At(model_, kPerToken)); }

  int TimesBilled(const std::string& text) { return model_->billed_texts()[text]; }

  const std::shared_ptr<testing::FakeEmbedder> model_ = std::make_shared<testing::FakeEmbedder>();
};

TEST_F(EmbedQueueTest, PacksTextsOfSeveralBatchesIntoFullRequests) {
  const auto client = Client(4);
  std::vector<std::shared_ptr<EmbedTicket>> tickets;
  for (const char* text : {"a", "b", "c", "d", "e", "f", "g", "h", "i"}) {
    tickets.push_back(Submit(client, {text}));
  }
  queue_->Flush(client);
  for (const auto& ticket : tickets) ASSERT_TRUE(ticket->Wait({}).ok());
  std::vector<size_t> sizes;
  for (const auto& call : model_->calls()) sizes.push_back(call.texts.size());
  EXPECT_THAT(sizes, ::testing::UnorderedElementsAre(4, 4, 1));
}

TEST_F(EmbedQueueTest, AnswersComeInTheOrderOfTheTexts) {
  const auto ticket = Ask({"one", "two", "three", "four", "five"});
  ASSERT_TRUE(ticket->status().ok());
  const std::vector<std::string> texts = {"one", "two", "three", "four", "five"};
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_THAT(ticket->answers()[i].vector.values(),
                ElementsAreArray(testing::FakeVector(texts[i], 8).values()))
        << texts[i];
    EXPECT_EQ(ticket->answers()[i].tokens, FakeTokens(texts[i]));
  }
}

TEST_F(EmbedQueueTest, EqualTextsInFlightAreAskedOnce) {
  model_->Hold();
  const auto one = Client(1);
  const auto two = Client(1);
  const auto first = Submit(one, {"same"});
  model_->WaitForCalls(1);
  const auto second = Submit(two, {"same"});
  model_->Release();
  ASSERT_TRUE(first->Wait({}).ok());
  ASSERT_TRUE(second->Wait({}).ok());
  EXPECT_EQ(TimesBilled("same"), 1);
  EXPECT_TRUE(first->answers()[0].asked);
  EXPECT_FALSE(second->answers()[0].asked);
  EXPECT_EQ(second->answers()[0].cost, 0);
  EXPECT_THAT(second->answers()[0].vector.values(),
              ElementsAreArray(first->answers()[0].vector.values()));
}

TEST_F(EmbedQueueTest, ATextAnsweredAMomentAgoIsNotAskedAgain) {
  ASSERT_TRUE(Ask({"text"})->status().ok());
  ASSERT_TRUE(Ask({"text"})->status().ok());
  EXPECT_EQ(TimesBilled("text"), 1);
}

TEST_F(EmbedQueueTest, WithoutDedupEachIsAsked) {
  const auto client = Client();
  client->dedup = false;
  const auto ticket = Submit(client, {"text", "text"});
  queue_->Flush(client);
  ASSERT_TRUE(ticket->Wait({}).ok());
  EXPECT_EQ(TimesBilled("text"), 2);
}

TEST_F(EmbedQueueTest, WhoLeavesHandsItsTextsToThoseWhoWaitForThem) {
  std::stop_source stop;
  const auto leaving = Client(100);
  leaving->stop = stop.get_token();
  const auto staying = Client(100);
  leaving->requests_in_flight = 1;  // so that its texts stay in the lane
  const auto first = Submit(leaving, {"only", "shared"});
  const auto second = Submit(staying, {"shared"});
  leaving->requests_in_flight = 0;
  stop.request_stop();
  queue_->Leave(leaving);
  queue_->Flush(staying);
  EXPECT_EQ(first->Wait({}).code(), StatusCode::kCancelled);
  ASSERT_TRUE(second->Wait({}).ok());
  EXPECT_EQ(TimesBilled("shared"), 1);
  EXPECT_EQ(TimesBilled("only"), 0);
}

TEST_F(EmbedQueueTest, LeaveWaitsForRequestsInFlight) {
  model_->Hold();
  std::stop_source stop;
  const auto client = Client(1);
  client->stop = stop.get_token();
  const auto ticket = Submit(client, {"text"});
  model_->WaitForCalls(1);
  stop.request_stop();
  queue_->Leave(client);
  EXPECT_EQ(model_->in_flight(), 0);
  EXPECT_TRUE(ticket->done());
}

TEST_F(EmbedQueueTest, ARefusedRequestIsHalvedDownToTheBadText) {
  model_->RefuseCallsWith("bad", InvalidArgument("an input is not acceptable"));
  const auto ticket = Ask({"a", "bad", "c", "d"});
  ASSERT_TRUE(ticket->status().ok());
  EXPECT_EQ(ticket->answers()[1].status.code(), StatusCode::kInvalidArgument);
  for (const size_t good : {0, 2, 3}) EXPECT_TRUE(ticket->answers()[good].status.ok()) << good;
  for (const char* text : {"a", "c", "d"}) EXPECT_EQ(TimesBilled(text), 1) << text;
}

TEST_F(EmbedQueueTest, ThrottlingUsesUpNoRetryAndKeepsThePack) {
  model_->FailNext(WithRetryAfter(ResourceExhausted("slow down"), std::chrono::seconds(2)), 50);
  const auto ticket = Ask({"a", "b", "c"});
  ASSERT_TRUE(ticket->status().ok()) << ticket->status();
  const auto calls = model_->calls();
  ASSERT_THAT(calls, SizeIs(51));
  for (const auto& call : calls) EXPECT_EQ(call.texts, calls[0].texts);
  EXPECT_EQ(Cost().tokens, model_->billed_tokens());
}

TEST_F(EmbedQueueTest, AnAbsentProviderIsAskedUntilItIsBack) {
  model_->FailNext(Unavailable("connection refused"), 30);
  int waits = 0;
  const auto client = Client();
  client->on_wait = [&](const Status&, std::chrono::milliseconds) { ++waits; };
  const auto ticket = Submit(client, {"a"});
  queue_->Flush(client);
  ASSERT_TRUE(ticket->Wait({}).ok());
  EXPECT_EQ(waits, 30);
}

TEST_F(EmbedQueueTest, ErrorsThatAPersonMustMendEndIt) {
  const auto error =
      WithReason(FailedPrecondition("the account is empty"), reason::kQuotaExhausted);
  model_->FailNext(error);
  const auto ticket = Ask({"a"});
  EXPECT_EQ(Reason(ticket->status()), reason::kQuotaExhausted);
  EXPECT_THAT(model_->calls(), SizeIs(1));
}

TEST_F(EmbedQueueTest, ALostAnswerIsBilledAtItsEstimateAndMarked) {
  model_->LoseNextAnswer(MarkMaybeBilled(DeadlineExceeded("no answer")));
  const auto ticket = Ask({"some text"});
  ASSERT_TRUE(ticket->status().ok());
  EXPECT_EQ(TimesBilled("some text"), 2);
  EXPECT_EQ(Cost().tokens, model_->billed_tokens());
  EXPECT_EQ(Cost().cost, model_->billed_tokens() * kPerToken);
}

TEST_F(EmbedQueueTest, ATextThatIsNeverSentIsNoPartOfARequest) {
  const std::string too_long(4000, 'x');
  model_->KeepBack(too_long, InvalidArgument("too long"));
  model_->LoseNextAnswer(MarkMaybeBilled(DeadlineExceeded("no answer")));
  const auto ticket = Ask({"one", too_long, "three"});
  ASSERT_TRUE(ticket->status().ok()) << ticket->status();
  EXPECT_EQ(ticket->answers()[1].status.code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(ticket->answers()[2].status.ok());
  for (const auto& call : model_->calls()) EXPECT_THAT(call.texts, SizeIs(2));
  EXPECT_EQ(Cost().tokens, model_->billed_tokens());
  ASSERT_TRUE(Ask({too_long})->status().ok());
  EXPECT_THAT(model_->calls(), SizeIs(2)) << "nothing is left to ask";
}

TEST_F(EmbedQueueTest, TheLedgerSaysWhereTokensComeFrom) {
  model_->SayGuess(77);
  ASSERT_TRUE(Ask({"the provider says"})->status().ok());
  model_->SayBill(false);
  ASSERT_TRUE(Ask({"the tokenizer counts"})->status().ok());
  model_->LoseNextAnswer(MarkMaybeBilled(DeadlineExceeded("no answer")));
  ASSERT_TRUE(Ask({"nobody knows"})->status().ok());
  const CostRow row = Cost();
  EXPECT_EQ(row.tokens_by_provider, FakeTokens("the provider says"));
  EXPECT_EQ(row.tokens_by_tokenizer,
            FakeTokens("the tokenizer counts") + FakeTokens("nobody knows"));
  EXPECT_EQ(row.tokens_by_estimate, FakeTokens("nobody knows"));
  EXPECT_THAT(ledger_.LatestBills(model_->model().id(), 10).value(),
              ElementsAreArray({BilledGuess{77, FakeTokens("the provider says")}}));
}

TEST_F(EmbedQueueTest, AnswersThatCostWithoutUseAreNotBoughtForever) {
  for (int i = 0; i < 10; ++i) {
    model_->LoseNextAnswer(
        MarkMaybeBilled(WithReason(Aborted("2 vectors for 1 text"), reason::kBadAnswer)));
  }
  const auto ticket = Ask({"text"});
  EXPECT_EQ(ticket->status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(Reason(ticket->status()), reason::kBadAnswer);
  EXPECT_EQ(TimesBilled("text"), 3);
}

TEST_F(EmbedQueueTest, BadLuckAmongGoodAnswersIsNotTheEnd) {
  const auto unlucky = Client(1);
  const auto lucky = Client(1);
  int calls = 0;
  // Each lost answer of one is followed by a good one of another.
  model_->OnCall([&](std::span<const std::string> texts) {
    if (texts.front() != "unlucky" || ++calls > 5) return;
    const auto other = Submit(lucky, {"lucky " + std::to_string(calls)});
    ASSERT_TRUE(other->Wait({}).ok());
    model_->LoseNextAnswer(MarkMaybeBilled(Unavailable("connection reset")));
  });
  const auto ticket = Submit(unlucky, {"unlucky"});
  EXPECT_TRUE(ticket->Wait({}).ok()) << ticket->status();
  EXPECT_EQ(TimesBilled("unlucky"), 6);
  EXPECT_EQ(Cost().tokens, model_->billed_tokens());
}

TEST_F(EmbedQueueTest, ABudgetIsCheckedBeforeEachRequest) {
  ASSERT_TRUE(budget_
                  .SetRules({{.scope = BudgetRule::Scope::kPipeline,
                              .name = "docs",
                              .limit = FakeTokens("abcd") * kPerToken}})
                  .ok());
  ASSERT_TRUE(Ask({"abcd"})->status().ok());
  const auto refused = Ask({"efgh"});
  EXPECT_EQ(Reason(refused->status()), reason::kBudgetExhausted);
  EXPECT_THAT(Message(refused->status()), HasSubstr("the budget of pipeline/docs is used up"));
  EXPECT_EQ(TimesBilled("efgh"), 0);
  clock_.Advance(std::chrono::hours(24));
  EXPECT_TRUE(Ask({"efgh"})->status().ok()) << "the next day has its own";
}

TEST_F(EmbedQueueTest, ALedgerThatIsAwayKeepsMoneyFromBeingSpent) {
  const auto client = Client();
  ledger_.on_call = [](std::string_view method) {
    return method == "OpenRequest" ? Internal("disk") : OkStatus();
  };
  const auto ticket = Submit(client, {"text"});
  queue_->Flush(client);
  EXPECT_THAT(Message(ticket->Wait({})), HasSubstr("noting a paid request: disk"));
  EXPECT_THAT(model_->calls(), SizeIs(0));
}

TEST_F(EmbedQueueTest, ClientsOnManyThreadsGetAllAnswers) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 20; ++t) {
    const auto client = Client(3);
    threads.emplace_back([&, client, t] {
      for (int i = 0; i < 20; ++i) {
        const auto ticket = Submit(client, {"t" + std::to_string(t * i), "u" + std::to_string(i)});
        queue_->Flush(client);
        good += ticket->Wait({}).ok() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
  for (const auto& [text, times] : model_->billed_texts()) EXPECT_EQ(times, 1) << text;
}

}  // namespace
}  // namespace drift
