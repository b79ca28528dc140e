// The openai provider against a server that behaves and misbehaves as OpenAI does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "config/catalogue.h"
#include "core/reasons.h"
#include "net/json.h"
#include "providers/registry.h"
#include "tests/conformance/embedder_suite.h"
#include "tests/fakes/providers/stand_in.h"

namespace drift::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr char kSmall[] = "text-embedding-3-small";
const std::vector<std::string> kTexts = {"first text", "second text", "third text"};

const Catalogue& TheCatalogue() {
  static const Catalogue& catalogue = *[] {
    Problems problems;
    return new Catalogue(LoadCatalogue("", "", NoEnvironment(), problems));
  }();
  return catalogue;
}

std::unique_ptr<Embedder> Make(const std::string& url, const std::string& model = kSmall,
                               int32_t dimensions = 0,
                               std::map<std::string, std::string> options = {}) {
  static ProviderRegistry& registry = *new ProviderRegistry(
      TheCatalogue().models, TheCatalogue().prices, Clock::Real(), {"/nowhere"});
  setenv("TEST_OPENAI_KEY", std::string(ProviderStandIn::kKey).c_str(), 1);
  auto made = registry.MakeEmbedder({.name = "openai",
                                     .type = "openai",
                                     .api_key = {"env:TEST_OPENAI_KEY"},
                                     .base_url = url,
                                     .options = std::move(options)},
                                    model, dimensions);
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? std::move(made).value() : nullptr;
}

INSTANTIATE_TEST_SUITE_P(
    Openai, EmbedderSuite,
    ::testing::Values(
        EmbedderSuiteParam{"openai",
                           []() -> std::shared_ptr<Embedder> {
                             return Make(SharedStandIn().openai_url(), kSmall, 64);
                           }},
        EmbedderSuiteParam{
            "floats",
            []() -> std::shared_ptr<Embedder> {
              return Make(SharedStandIn().openai_url(), kSmall, 64, {{"encoding", "float"}});
            }}),
    EmbedderSuiteName);

class OpenaiTest : public ::testing::Test {
 protected:
  OpenaiTest() : server_(SharedStandIn()), embedder_(Make(server_.openai_url(), kSmall, 32)) {}

  StatusOr<Embeddings> Embed(const std::vector<std::string>& texts = kTexts) {
    return embedder_->Embed(texts, InputKind::kDocument, {});
  }
  // The next request goes wrong as `fault` says, the one after it well.
  Status EmbedWith(const std::string& fault) {
    server_.Script({fault});
    const Status status = Embed().status();
    const auto after = Embed();
    EXPECT_TRUE(after.ok()) << after.status();
    return status;
  }
  std::string MessageWith(const std::string& fault) {
    return std::string(Message(EmbedWith(fault)));
  }

  ProviderStandIn& server_;
  std::unique_ptr<Embedder> embedder_;
};

void ExpectSameVectors(const Embeddings& a, const Embeddings& b) {
  ASSERT_EQ(a.vectors.size(), b.vectors.size());
  for (size_t i = 0; i < a.vectors.size(); ++i) {
    const auto x = a.vectors[i].values();
    const auto y = b.vectors[i].values();
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end())) << i;
  }
}

TEST_F(OpenaiTest, TheBillIsTheServers) {
  const auto first = Embed();
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = Embed({"first text"});
  ASSERT_TRUE(second.ok());
  const auto bill = server_.ReadBill();
  EXPECT_EQ(bill.requests, 2);
  EXPECT_EQ(bill.tokens, *first->billed_tokens + *second->billed_tokens);
  EXPECT_EQ(bill.texts.at("first text"), 2);
  EXPECT_EQ(bill.texts.at("third text"), 1);
}

TEST_F(OpenaiTest, DimensionsAreAskedForOnlyWhereTheyAreNotTheModelsOwn) {
  const auto fields = [](const std::string& body) {
    const auto document = JsonDocument::Parse(body).value();
    std::string out;
    for (const std::string_view name : document.root().Names()) out += std::string(name) + " ";
    return out;
  };
  ASSERT_TRUE(Embed().ok());
  for (const char* model : {kSmall, "text-embedding-ada-002"}) {
    const auto plain = Make(server_.openai_url(), model)->Embed(kTexts, InputKind::kQuery, {});
    ASSERT_TRUE(plain.ok()) << plain.status();
    EXPECT_EQ(plain->vectors[0].size(), 1536u);
  }
  const auto bodies = server_.RequestBodies();
  EXPECT_EQ(fields(bodies.at(0)), "dimensions encoding_format input model ");
  EXPECT_EQ(fields(bodies.at(1)), "encoding_format input model ");
  EXPECT_EQ(fields(bodies.at(2)), "encoding_format input model ");
}

TEST_F(OpenaiTest, EmptyTextsAreNotSent) {
  ASSERT_TRUE(Embed({"", "one"}).ok());
  ASSERT_TRUE(Embed({""}).ok());
  EXPECT_EQ(server_.RequestBodies().size(), 1u);
  EXPECT_EQ(server_.ReadBill().texts.size(), 1u);
}

TEST_F(OpenaiTest, AWrongKey) {
  server_.Configure(R"({"keys":["sk-another"]})");
  const Status status = Embed().status();
  EXPECT_EQ(status.code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(Message(status), "openai: the API key was refused (401)");
  EXPECT_EQ(Remedy(status), "check the key of provider 'openai' (env:TEST_OPENAI_KEY)");
  EXPECT_FALSE(MaybeBilled(status));
  // A key that was changed is used at once.
  setenv("TEST_OPENAI_KEY", "sk-another", 1);
  EXPECT_TRUE(Embed().ok());
}

TEST_F(OpenaiTest, AModelThatIsGone) {
  server_.Configure(R"({"models":{}})");
  const Status status = Embed().status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(Reason(status), reason::kModelNotFound);
  EXPECT_EQ(Message(status),
            "openai: there is no model 'text-embedding-3-small' (404, model_not_found): The model "
            "`text-embedding-3-small` does not exist or you do not have access to it.");
}

TEST_F(OpenaiTest, AnAddressThatIsWrong) {
  const auto lost = Make(server_.url("/v2"));
  const Status status = lost->Embed(kTexts, InputKind::kDocument, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(Message(status)),
              HasSubstr(fmt::format("nothing answers at {}", server_.url("/v2/embeddings"))));
}

TEST_F(OpenaiTest, AQuotaPerMinute) {
  // Room for one request of three texts of 3 tokens; the next fits after some seconds.
  server_.Configure(R"({"quota":{"tokens_per_minute":10}})");
  const auto first = Embed();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->rate.tokens.limit, 10);
  EXPECT_EQ(first->rate.tokens.remaining, 1);
  EXPECT_GT(first->rate.tokens.reset, milliseconds(30'000));
  EXPECT_EQ(first->rate.requests, QuotaWindow());
  const Status status = Embed().status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(RateHintOf(status).tokens.limit, 10);
  ASSERT_TRUE(RetryAfter(status).has_value());
  EXPECT_GT(*RetryAfter(status), milliseconds(10'000));
  EXPECT_LE(*RetryAfter(status), milliseconds(60'000));
  EXPECT_EQ(Reason(status), "");
  EXPECT_EQ(server_.ReadBill().requests, 1);
}

TEST_F(OpenaiTest, AnAccountWithoutMoney) {
  const Status status = EmbedWith(
      R"({"kind":"status","status":429,"body":{"error":{"message":"You exceeded your current quota",
          "type":"insufficient_quota","param":null,"code":"insufficient_quota"}}})");
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(Reason(status), reason::kQuotaExhausted);
  EXPECT_FALSE(RetryAfter(status).has_value());
}

TEST_F(OpenaiTest, ATextThatIsTooLongIsAboutTheInput) {
  const Status status = Embed({"fine", std::string(40'000, 'x')}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(status),
            "openai: the input was refused (400): This model's maximum context length is 8192 "
            "tokens, however you requested 10000 tokens (10000 in your prompt; 0 for the "
            "completion). Please reduce your prompt; or completion length.");
  EXPECT_EQ(server_.ReadBill().requests, 0);
}

TEST_F(OpenaiTest, ServersInTrouble) {
  const Status busy = EmbedWith(
      R"({"kind":"status","status":503,"body":"overloaded","headers":{"Retry-After":"3"}})");
  EXPECT_EQ(busy.code(), StatusCode::kUnavailable);
  EXPECT_EQ(RetryAfter(busy), milliseconds(3000));
  EXPECT_FALSE(MaybeBilled(busy));
  const Status gateway = EmbedWith(R"({"kind":"status","status":504,"body":"<html>"})");
  EXPECT_EQ(gateway.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(MaybeBilled(gateway));
}

TEST_F(OpenaiTest, SilenceEndsWithTheDeadline) {
  embedder_ = Make(server_.openai_url(), kSmall, 32, {{"timeout_secs", "1"}});
  const Status status = EmbedWith(R"({"kind":"hang"})");
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("openai: 127.0.0.1:"));
  EXPECT_TRUE(MaybeBilled(status));
}

TEST_F(OpenaiTest, AnAnswerThatDripsEndsWithTheDeadline) {
  embedder_ = Make(server_.openai_url(), kSmall, 1536, {{"timeout_secs", "1"}});
  const Status status = EmbedWith(R"({"kind":"slow_drip"})");
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(MaybeBilled(status));
}

TEST_F(OpenaiTest, ACancelledRequestReturnsAtOnce) {
  server_.Script({R"({"kind":"hang","times":-1})"});
  const auto best = BestCancelTime(
      [&](std::stop_token stop) {
        const Status status = embedder_->Embed(kTexts, InputKind::kDocument, stop).status();
        EXPECT_EQ(status.code(), StatusCode::kCancelled);
        EXPECT_TRUE(MaybeBilled(status));
        return status;
      },
      [this, wanted = size_t{0}]() mutable {
        ++wanted;
        while (server_.RequestBodies().size() < wanted) {
          std::this_thread::sleep_for(milliseconds(2));
        }
      });
  EXPECT_LT(best, kCancelLimit);
}

TEST_F(OpenaiTest, BrokenConnections) {
  for (const char* kind : {"reset", "reset_mid_body"}) {
    const Status status = EmbedWith(fmt::format(R"({{"kind":"{}"}})", kind));
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << kind;
    EXPECT_TRUE(MaybeBilled(status)) << kind;
  }
}

TEST_F(OpenaiTest, NobodyThere) {
  const auto nobody = Make(fmt::format("http://127.0.0.1:{}/v1", FreePort()));
  const Status status = nobody->Embed(kTexts, InputKind::kDocument, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("openai: 127.0.0.1:"));
  EXPECT_FALSE(MaybeBilled(status));
}

TEST_F(OpenaiTest, AnswersThatCannotBeUsed) {
  const std::map<std::string, std::string> kMessages = {
      {"truncated_json", "the answer cannot be used: not JSON"},
      {"not_json", "the answer cannot be used: not JSON: unexpected text at byte 1 of"},
      {"wrong_count", "the answer cannot be used: 2 vectors for 3 texts"},
      {"duplicate_index", "the answer cannot be used: vector 0 comes twice"},
      {"nan", "the answer cannot be used: vector 0 holds a number that is not finite"},
      {"infinite", "the answer cannot be used: vector 0 holds a number that is not finite"},
      {"zero", "the answer cannot be used: vector 0 has length 0"},
      {"wrong_dimension",
       "the answer cannot be used: vector 0 has 31 dimensions where 32 are expected"},
  };
  for (const auto& [kind, message] : kMessages) {
    const Status status = EmbedWith(fmt::format(R"({{"kind":"{}"}})", kind));
    EXPECT_EQ(status.code(), StatusCode::kAborted) << kind;
    EXPECT_EQ(Reason(status), reason::kBadAnswer) << kind;
    EXPECT_TRUE(MaybeBilled(status)) << kind;
    EXPECT_THAT(std::string(Message(status)), HasSubstr("openai: " + message)) << kind;
  }
}

TEST_F(OpenaiTest, AnotherOrderIsNoError) {
  const auto straight = Embed();
  server_.Script({R"({"kind":"reordered"})"});
  const auto reordered = Embed();
  ASSERT_TRUE(straight.ok() && reordered.ok());
  ExpectSameVectors(*straight, *reordered);
}

TEST_F(OpenaiTest, Base64AndNumbersAreTheSameVectors) {
  const auto numbers = Make(server_.openai_url(), kSmall, 32, {{"encoding", "float"}});
  const auto a = Embed();
  const auto b = numbers->Embed(kTexts, InputKind::kDocument, {});
  ASSERT_TRUE(a.ok() && b.ok());
  ExpectSameVectors(*a, *b);
  EXPECT_THAT(server_.RequestBodies().back(), HasSubstr("\"float\""));
}

TEST_F(OpenaiTest, TheLargestRequestGoesThrough) {
  std::vector<std::string> texts;
  for (int i = 0; i < 2048; ++i) texts.push_back(fmt::format("text number {}", i));
  const auto all = Embed(texts);
  ASSERT_TRUE(all.ok()) << all.status();
  const auto last = Embed({texts.back()});
  ASSERT_TRUE(last.ok());
  const auto a = all->vectors.back().values();
  EXPECT_TRUE(std::equal(a.begin(), a.end(), last->vectors[0].values().begin()));
}

}  // namespace
}  // namespace drift::testing
