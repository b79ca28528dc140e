#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time_text.h"
#include "core/embedder.h"
#include "core/reasons.h"
#include "tests/unit/providers/protocols.h"

namespace drift::openai {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kTexts = {"the text of a row that nobody may see"};

struct Headers : HttpHeaders {
  Headers(std::initializer_list<std::pair<std::string, std::string>> all) {
    for (const auto& [name, value] : all) Add(name, value);
  }
};

Status Error(int status, std::string body, HttpHeaders headers = {}) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  response.headers = std::move(headers);
  return ReadError(*testing::TestProtocol("openai"), response,
                   {.provider = "openai",
                    .model = "text-embedding-3-small",
                    .url = "https://api.openai.com/v1/embeddings",
                    .key_ref = "env:OPENAI_API_KEY",
                    .key = "sk-123456789",
                    .texts = kTexts,
                    .now = ParseTime("2026-11-20T00:00:00Z").value()});
}

std::string Body(std::string_view message, std::string_view type = "invalid_request_error",
                 std::string_view code = "", std::string_view param = "") {
  return fmt::format(R"({{"error":{{"message":"{}","type":"{}","param":{},"code":{}}}}})", message,
                     type, param.empty() ? "null" : fmt::format("\"{}\"", param),
                     code.empty() ? "null" : fmt::format("\"{}\"", code));
}

TEST(OpenaiErrorsTest, ThrottledWaitsAsTold) {
  const std::string body = Body(
      "Rate limit reached for text-embedding-3-small in organization org-1 on tokens per min "
      "(TPM): "
      "Limit 1000000, Used 976163, Requested 70716. Please try again in 2.812s. Visit https://x.",
      "tokens", "rate_limit_exceeded");
  const Status by_message = Error(429, body);
  EXPECT_EQ(by_message.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryAfter(by_message), milliseconds(2812));
  EXPECT_TRUE(IsRetryable(by_message));
  EXPECT_FALSE(MaybeBilled(by_message));
  EXPECT_THAT(std::string(Message(by_message)),
              HasSubstr("openai: throttled (429, rate_limit_exceeded): Rate limit reached for"));
  EXPECT_EQ(RetryAfter(Error(429, body, Headers{{"retry-after-ms", "77"}})), milliseconds(77));
  EXPECT_EQ(RetryAfter(Error(429, "", Headers{{"Retry-After", "3"}})), milliseconds(3000));
  EXPECT_EQ(RetryAfter(Error(429, "", Headers{{"Retry-After", "Fri, 20 Nov 2026 00:00:09 GMT"}})),
            milliseconds(9000));
  // Without a word a throttled answer still is no reason to give up.
  EXPECT_TRUE(IsRetryable(Error(429, "slow down")));
  EXPECT_TRUE(WaitIsUnsaid(Error(429, "slow down")));
  EXPECT_FALSE(WaitIsUnsaid(Error(429, "", Headers{{"Retry-After", "3"}})));
}

TEST(OpenaiErrorsTest, OutOfMoneyPauses) {
  for (const Status& status :
       {Error(429, Body("You exceeded your current quota, please check your plan and billing.",
                        "insufficient_quota", "insufficient_quota")),
        Error(429, Body("Billing hard limit has been reached", "invalid_request_error",
                        "billing_hard_limit_reached")),
        Error(402, "")}) {
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
    EXPECT_EQ(Reason(status), reason::kQuotaExhausted);
    EXPECT_EQ(RetryAfter(status), std::nullopt);
    EXPECT_FALSE(IsRetryable(status));
    EXPECT_THAT(Remedy(status), HasSubstr("provider 'openai'"));
  }
  // Even with a wait in the headers.
  EXPECT_FALSE(
      IsRetryable(Error(429, Body("", "insufficient_quota"), Headers{{"Retry-After", "3"}})));
}

TEST(OpenaiErrorsTest, AWrongKeyIsNeverRepeated) {
  const Status status = Error(401, Body("Incorrect API key provided: sk-12****6789.",
                                        "invalid_request_error", "invalid_api_key"));
  EXPECT_EQ(status.code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(Reason(status), reason::kUnauthenticated);
  EXPECT_EQ(Message(status), "openai: the API key was refused (401)");
  EXPECT_EQ(Remedy(status), "check the key of provider 'openai' (env:OPENAI_API_KEY)");
}

TEST(OpenaiErrorsTest, AModelThatIsNotThere) {
  for (const Status& status :
       {Error(404, Body("The model `x` does not exist or you do not have access to it.",
                        "invalid_request_error", "model_not_found")),
        Error(403, Body("Project `p` does not have access to model", "invalid_request_error",
                        "model_not_found")),
        Error(404, R"({"object":"error","message":"The model `text-embedding-3-small` does not )"
                   R"(exist.","type":"NotFoundError","param":null,"code":404})"),
        Error(400, Body("invalid model ID", "invalid_request_error", "", "model"))}) {
    EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
    EXPECT_EQ(Reason(status), reason::kModelNotFound) << status;
    EXPECT_THAT(std::string(Message(status)),
                HasSubstr("there is no model 'text-embedding-3-small'"));
  }
}

TEST(OpenaiErrorsTest, AnAddressThatIsNotThere) {
  const Status status = Error(404, "<html>nginx</html>");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(Reason(status), "");
  EXPECT_EQ(Message(status),
            "openai: nothing answers at https://api.openai.com/v1/embeddings (404)");
  EXPECT_EQ(Remedy(status), "check base_url of provider 'openai'");
}

TEST(OpenaiErrorsTest, AnInputThatIsRefusedIsLookedFor) {
  for (const Status& status :
       {Error(400, Body("This model's maximum context length is 8192 tokens, however you requested "
                        "51435 tokens (51435 in your prompt; 0 for the completion).")),
        Error(400, Body("Requested 453357 tokens, max 300000 tokens per request",
                        "max_tokens_per_request", "max_tokens_per_request")),
        Error(400, Body("'$.input' is invalid. Please check the API reference.")),
        Error(400, Body("too long", "invalid_request_error", "context_length_exceeded", "input")),
        Error(413, "too large"), Error(422, R"({"detail":"unprocessable"})")}) {
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
  }
  EXPECT_EQ(Message(Error(400, Body("Requested 453357 tokens, max 300000 tokens per request",
                                    "max_tokens_per_request", "max_tokens_per_request"))),
            "openai: the input was refused (400, max_tokens_per_request): Requested 453357 tokens, "
            "max 300000 tokens per request");
}

TEST(OpenaiErrorsTest, SettingsThatAreRefusedPause) {
  for (const Status& status :
       {Error(400, Body("This model does not support specifying dimensions.")),
        Error(400, Body("Invalid value", "invalid_request_error", "", "dimensions")),
        Error(400, Body("Invalid value", "invalid_request_error", "", "encoding_format")),
        Error(302, ""), Error(405, ""), Error(410, "gone")}) {
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
    EXPECT_EQ(Remedy(status), "check base_url and options of provider 'openai'");
  }
}

TEST(OpenaiErrorsTest, ServersInTrouble) {
  for (const int number : {408, 499, 500, 502, 503, 504, 520, 524, 529}) {
    const Status status = Error(number, "<html>");
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << number;
    const bool billed_perhaps = number != 500 && number != 503 && number != 529;
    EXPECT_EQ(MaybeBilled(status), billed_perhaps) << number;
  }
  EXPECT_EQ(Error(409, "").code(), StatusCode::kAborted);
  EXPECT_EQ(RetryAfter(Error(503, "", Headers{{"Retry-After", "4"}})), milliseconds(4000));
  EXPECT_EQ(Message(Error(500, Body("The server had an error", "server_error"))),
            "openai: the server has trouble (500): The server had an error");
}

TEST(OpenaiErrorsTest, TheServerHasTheLastWordOnRetrying) {
  const Status never = Error(503, "", Headers{{"x-should-retry", "false"}});
  EXPECT_EQ(never.code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(IsRetryable(never));
  const Status gateway = Error(504, "", Headers{{"x-should-retry", "false"}});
  EXPECT_TRUE(MaybeBilled(gateway));
  EXPECT_EQ(Error(400, "", Headers{{"x-should-retry", "true"}}).code(), StatusCode::kUnavailable);
}

TEST(OpenaiErrorsTest, AccessAndOtherAnswers) {
  EXPECT_EQ(Error(403, Body("Country, region, or territory not supported")).code(),
            StatusCode::kPermissionDenied);
  const Status accepted = Error(202, "{}");
  EXPECT_EQ(accepted.code(), StatusCode::kAborted);
  EXPECT_EQ(Reason(accepted), reason::kBadAnswer);
  EXPECT_TRUE(MaybeBilled(accepted));
}

TEST(OpenaiErrorsTest, NoMessageRepeatsATextOrTheKey) {
  for (const int number : {400, 403, 404, 409, 422, 429, 500}) {
    for (const char* body :
         {R"({"error":"bad input: the text of a row that nobody may see"})",
          R"({"error":{"message":"m","code":"the text of a row that nobody may see"}})",
          R"({"error":{"message":"your key is sk-123456789"}})"}) {
      const Status status = Error(number, body);
      EXPECT_THAT(status.ToString(), Not(HasSubstr("nobody may"))) << number;
      EXPECT_THAT(status.ToString(), Not(HasSubstr("sk-123456789"))) << number;
    }
  }
}

}  // namespace
}  // namespace drift::openai
