// Every provider over a network against a server that behaves and misbehaves as its own does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <thread>

#include "core/reasons.h"
#include "net/json.h"
#include "tests/conformance/embedder_suite.h"
#include "tests/fakes/providers/stand_in_models.h"

namespace drift::testing {

// The suite is here for what it measures with; embedder_network_test runs it.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EmbedderSuite);

namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

const std::vector<std::string> kThreeTexts = {"first text", "second text", "third text"};

class NetworkTest : public ::testing::TestWithParam<StandInModel> {
 protected:
  NetworkTest() : embedder_(MakeAtStandIn(GetParam())), server_(Stay()) {}

  // The stand-in as MakeAtStandIn() left it.
  static ProviderStandIn& Stay() { return CurrentStandIn(); }

  StatusOr<Embeddings> Embed(const std::vector<std::string>& texts = kThreeTexts) {
    return embedder_->Embed(texts, InputKind::kDocument, {});
  }
  // The next request goes wrong as `fault` says, the one after it well.
  Status EmbedWith(const std::string& fault) {
    server_.Script({fault});
    const Status status = Embed().status();
    server_.Script({});
    const auto after = Embed();
    EXPECT_TRUE(after.ok()) << after.status();
    return status;
  }
  std::string Name() const { return GetParam().type + ": "; }

  std::shared_ptr<Embedder> embedder_;
  ProviderStandIn& server_;
};

TEST_P(NetworkTest, TheBillIsTheServers) {
  const auto first = Embed();
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(Embed({"another text"}).ok());
  const auto bill = server_.ReadBill();
  EXPECT_EQ(bill.requests, 2);
  EXPECT_EQ(bill.texts.size(), 4u);
  if (GetParam().type == "compat") {
    EXPECT_EQ(first->billed_tokens, std::nullopt);
  } else {
    EXPECT_EQ(bill.tokens, *first->billed_tokens + *Embed({"another text"})->billed_tokens);
  }
}

TEST_P(NetworkTest, TheLargestRequestGoesThroughAndALargerOneIsRefused) {
  std::vector<std::string> texts;
  for (int64_t i = 0; i < GetParam().max_texts; ++i) {
    texts.push_back(fmt::format("text number {}", i));
  }
  const auto all = Embed(texts);
  ASSERT_TRUE(all.ok()) << all.status();
  const int64_t limit = embedder_->limits().max_items;
  if (limit == 0) return;
  EXPECT_EQ(limit, GetParam().max_texts);
  texts.emplace_back("one more");
  EXPECT_EQ(Embed(texts).status().code(), StatusCode::kInvalidArgument);
}

TEST_P(NetworkTest, ATextThatIsTooLongIsNeverCut) {
  const std::string huge(600'000, 'x');
  const auto answer = Embed({"fine", huge});
  if (GetParam().type == "gemini") {
    // It would cut the text without a word, so the text is not sent.
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_EQ(answer->rejected.size(), 1u);
    EXPECT_EQ(answer->rejected[0].index, 1u);
    EXPECT_EQ(Message(answer->rejected[0].why),
              "gemini: the text has about 150000 tokens, of which the model would read 2048; chunk "
              "it");
    EXPECT_EQ(server_.ReadBill().texts.size(), 1u);
    EXPECT_FALSE(answer->vectors[0].empty());
    return;
  }
  const Status status = answer.status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(server_.ReadBill().requests, 0);
}

TEST_P(NetworkTest, AWrongKey) {
  server_.Configure(R"({"keys":["sk-another"],"open_servers":false})");
  if (!GetParam().needs_key) GTEST_SKIP() << "needs no key";
  const Status status = Embed().status();
  EXPECT_EQ(status.code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(Reason(status), reason::kUnauthenticated);
  EXPECT_THAT(Remedy(status), HasSubstr("env:TEST_PROVIDER_KEY"));
  EXPECT_FALSE(MaybeBilled(status));
  // A key that was changed is used at once.
  setenv("TEST_PROVIDER_KEY", "sk-another", 1);
  EXPECT_TRUE(Embed().ok());
}

TEST_P(NetworkTest, AModelThatIsGone) {
  if (GetParam().type == "tei") GTEST_SKIP() << "serves one model";
  server_.Configure(R"({"models":{"something-else":8}})");
  const Status status = Embed().status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
  EXPECT_EQ(Reason(status), reason::kModelNotFound);
  EXPECT_THAT(std::string(Message(status)),
              HasSubstr(fmt::format("{}there is no model '{}'", Name(), GetParam().model)));
}

TEST_P(NetworkTest, ThrottledAsTheProviderSaysIt) {
  const Status status = EmbedWith(R"({"kind":"throttle","wait":30})");
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(Reason(status), "");
  ASSERT_TRUE(RetryAfter(status).has_value());
  // Ollama and TEI do not say how long.
  const bool says = GetParam().type != "ollama" && GetParam().type != "tei";
  EXPECT_GE(*RetryAfter(status), says ? milliseconds(10'000) : milliseconds(100)) << status;
  EXPECT_LE(*RetryAfter(status), milliseconds(31'000));
  EXPECT_FALSE(MaybeBilled(status));
}

TEST_P(NetworkTest, ServersInTrouble) {
  for (const int number : {500, 503}) {
    const Status status = EmbedWith(fmt::format(R"({{"kind":"trouble","status":{}}})", number));
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
    EXPECT_FALSE(MaybeBilled(status));
  }
  const Status gateway = EmbedWith(R"({"kind":"status","status":504,"body":"<html>"})");
  EXPECT_EQ(gateway.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(MaybeBilled(gateway));
}

TEST_P(NetworkTest, BrokenConnections) {
  for (const char* kind : {"reset", "reset_mid_body"}) {
    const Status status = EmbedWith(fmt::format(R"({{"kind":"{}"}})", kind));
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << kind;
    EXPECT_TRUE(MaybeBilled(status)) << kind;
  }
}

TEST_P(NetworkTest, SilenceAndADripEndWithTheDeadline) {
  embedder_ = MakeAtStandIn(GetParam(), {{"timeout_secs", "1"}});
  for (const char* kind : {"hang_after", "slow_drip"}) {
    const Status status = EmbedWith(fmt::format(R"({{"kind":"{}"}})", kind));
    EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << kind;
    EXPECT_TRUE(MaybeBilled(status)) << kind;
  }
}

TEST_P(NetworkTest, ACancelledRequestReturnsAtOnce) {
  ASSERT_TRUE(Embed().ok());
  server_.Script({R"({"kind":"hang","times":-1})"});
  const size_t before = server_.RequestBodies().size();
  const auto best = BestCancelTime(
      [&](std::stop_token stop) {
        const Status status = embedder_->Embed(kThreeTexts, InputKind::kDocument, stop).status();
        EXPECT_EQ(status.code(), StatusCode::kCancelled);
        EXPECT_TRUE(MaybeBilled(status));
        return status;
      },
      [this, wanted = before]() mutable {
        ++wanted;
        while (server_.RequestBodies().size() < wanted) {
          std::this_thread::sleep_for(milliseconds(2));
        }
      });
  EXPECT_LT(best, kCancelLimit);
}

TEST_P(NetworkTest, AnswersThatCannotBeUsed) {
  std::set<std::string> kinds = {"truncated_json", "not_json", "wrong_count",    "nan",
                                 "infinite",       "zero",     "wrong_dimension"};
  if (GetParam().by_index) kinds.insert("duplicate_index");
  for (const std::string& kind : kinds) {
    const Status status = EmbedWith(fmt::format(R"({{"kind":"{}"}})", kind));
    EXPECT_EQ(status.code(), StatusCode::kAborted) << kind;
    EXPECT_EQ(Reason(status), reason::kBadAnswer) << kind;
    EXPECT_TRUE(MaybeBilled(status)) << kind;
    EXPECT_THAT(std::string(Message(status)), HasSubstr(Name() + "the answer cannot be used: "));
  }
}

TEST_P(NetworkTest, AnotherOrderIsNoErrorWhereThereAreIndexes) {
  if (!GetParam().by_index) GTEST_SKIP() << "vectors come in the order of the texts";
  const auto straight = Embed();
  server_.Script({R"({"kind":"reordered"})"});
  const auto reordered = Embed();
  ASSERT_TRUE(straight.ok() && reordered.ok());
  for (size_t i = 0; i < kThreeTexts.size(); ++i) {
    const auto a = straight->vectors[i].values();
    EXPECT_TRUE(std::equal(a.begin(), a.end(), reordered->vectors[i].values().begin()));
  }
}

TEST_P(NetworkTest, EstimatesLearnFromTheBill) {
  const auto counter = MakeCounterAtStandIn(GetParam());
  if (counter->exact()) GTEST_SKIP() << "has its tokenizer";
  server_.Configure(R"({"tokenizer":{"token_ratio":1.5}})");
  std::vector<std::string> texts;
  for (int i = 0; i < 30; ++i) texts.push_back(fmt::format("{} ", i) + std::string(2000, 'x'));
  int64_t billed = 0;
  for (int i = 0; i < 20; ++i) {
    const auto answer = Embed(texts);
    ASSERT_TRUE(answer.ok()) << answer.status();
    if (!answer->billed_tokens) GTEST_SKIP() << "does not say what it bills";
    billed = *answer->billed_tokens;
  }
  int64_t counted = 0;
  for (const std::string& text : texts) counted += counter->Count(text);
  EXPECT_NEAR(static_cast<double>(counted), static_cast<double>(billed),
              0.1 * static_cast<double>(billed));
}

TEST_P(NetworkTest, NobodyThere) {
  server_.Configure(R"({"quota":null})");
  const Status status = EmbedWith(R"({"kind":"status","status":418,"body":"a teapot"})");
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(Remedy(status), HasSubstr("base_url"));
}

INSTANTIATE_TEST_SUITE_P(Providers, NetworkTest, ::testing::ValuesIn(StandInModels()),
                         [](const auto& info) { return info.param.type; });

// -- what only one provider has -------------------------------------------------------------------

const StandInModel& ModelOf(std::string_view type) {
  for (const StandInModel& model : StandInModels()) {
    if (model.type == type) return model;
  }
  std::abort();
}

TEST(GeminiTest, AnAnswerWithoutUsageIsNotBilledExactly) {
  const auto embedder = MakeAtStandIn(ModelOf("gemini"));
  CurrentStandIn().Configure(R"({"gemini_says_usage":false})");
  const auto answer = embedder->Embed(kThreeTexts, InputKind::kDocument, {});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->billed_tokens, std::nullopt);
}

TEST(TeiTest, LimitsAreTheServers) {
  const auto embedder = MakeAtStandIn(ModelOf("tei"));
  CurrentStandIn().Configure(R"({"tei":{"max_client_batch_size":2,"max_input_length":100}})");
  EXPECT_EQ(embedder->limits().max_items, 32);
  const auto too_many = embedder->Embed(kThreeTexts, InputKind::kDocument, {});
  EXPECT_EQ(too_many.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(embedder->limits().max_items, 2);
  EXPECT_EQ(embedder->limits().max_item_tokens, 100);
  EXPECT_EQ(CurrentStandIn().ReadBill().requests, 0);
  const std::vector<std::string> two = {"one", "two"};
  EXPECT_TRUE(embedder->Embed(two, InputKind::kDocument, {}).ok());
}

TEST(TeiTest, ARestartWithOtherLimitsIsNoticed) {
  const auto embedder = MakeAtStandIn(ModelOf("tei"));
  ASSERT_TRUE(embedder->Embed(kThreeTexts, InputKind::kDocument, {}).ok());
  CurrentStandIn().Configure(R"({"tei":{"max_client_batch_size":1}})");
  EXPECT_EQ(embedder->Embed(kThreeTexts, InputKind::kDocument, {}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_FALSE(embedder->Embed(kThreeTexts, InputKind::kDocument, {}).ok());
  EXPECT_EQ(embedder->limits().max_items, 1);
}

TEST(TeiTest, AServerOfAnotherModelIsRefused) {
  const auto embedder = MakeAtStandIn(ModelOf("tei"));
  CurrentStandIn().Configure(R"({"tei":{"model_id":"BAAI/bge-small-en-v1.5"}})");
  const Status status = embedder->Embed(kThreeTexts, InputKind::kDocument, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Message(status), "tei: the server serves 'BAAI/bge-small-en-v1.5', not 'BAAI/bge-m3'");
  EXPECT_THAT(Remedy(status), HasSubstr("model_id"));
  EXPECT_EQ(CurrentStandIn().ReadBill().requests, 0);
}

TEST(TeiTest, TheServersOwnNameOfTheModelMayBeSaid) {
  const auto embedder = MakeAtStandIn(ModelOf("tei"), {{"model_id", "/data/model"}});
  CurrentStandIn().Configure(R"({"tei":{"model_id":"/data/model"},"models":{"/data/model":1024}})");
  EXPECT_TRUE(embedder->Embed(kThreeTexts, InputKind::kDocument, {}).ok());
}

TEST(CohereTest, InputsAreWhatItsQuotaCounts) {
  const auto embedder = MakeAtStandIn(ModelOf("cohere"));
  EXPECT_EQ(embedder->model().rate.items_per_minute, 2000);
  CurrentStandIn().Configure(R"({"quota":{"items_per_minute":4}})");
  ASSERT_TRUE(embedder->Embed(kThreeTexts, InputKind::kDocument, {}).ok());
  const Status status = embedder->Embed(kThreeTexts, InputKind::kDocument, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_GT(RetryAfter(status), milliseconds(1000));
}

TEST(AzureTest, VectorsAreThoseOfOpenai) {
  const auto azure = MakeAtStandIn(ModelOf("azure"));
  EXPECT_EQ(azure->model().fingerprint, "openai/text-embedding-3-large");
}

}  // namespace
}  // namespace drift::testing
