// Every answer of the providers' error tables (docs/connectors/) has its outcome.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/embedder.h"
#include "core/reasons.h"
#include "tests/unit/providers/protocols.h"

namespace drift {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::TestAnswer;
using testing::TestError;

constexpr int64_t kNoWait = -1;
constexpr auto kThrottle = StatusCode::kResourceExhausted;
constexpr auto kInput = StatusCode::kInvalidArgument;
constexpr auto kAway = StatusCode::kUnavailable;
constexpr auto kPaused = StatusCode::kFailedPrecondition;
constexpr auto kDenied = StatusCode::kPermissionDenied;
constexpr auto kKey = StatusCode::kUnauthenticated;
constexpr auto kMissing = StatusCode::kNotFound;

struct Row {
  const char* type;
  int status;
  std::string body;
  StatusCode code;
  std::string_view reason = "";
  int64_t wait_ms = kNoWait;
  bool maybe_billed = false;
  testing::HeaderList headers = {};
  bool unsaid = false;  // the wait is the provider's usual one
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.type << " " << row.status << " " << row.body;
}

class NetworkErrorsTest : public ::testing::TestWithParam<Row> {};

TEST_P(NetworkErrorsTest, HasItsOutcome) {
  const Row& row = GetParam();
  const Status status = TestError(row.type, TestAnswer(row.status, row.body, row.headers));
  EXPECT_EQ(status.code(), row.code) << status;
  EXPECT_EQ(Reason(status), row.reason) << status;
  EXPECT_EQ(RetryAfter(status).value_or(std::chrono::milliseconds(kNoWait)).count(), row.wait_ms);
  EXPECT_EQ(MaybeBilled(status), row.maybe_billed);
  EXPECT_EQ(WaitIsUnsaid(status), row.unsaid);
  EXPECT_THAT(std::string(Message(status)), HasSubstr(std::to_string(row.status)));
  // What pauses a pipeline says what to do.
  const bool pauses = !IsRetryable(status) && row.code != kInput && row.code != kDenied;
  EXPECT_TRUE(!pauses || !Remedy(status).empty()) << status;
}

std::string Google(int code, std::string_view status, std::string_view message,
                   std::string_view details = "") {
  return fmt::format(R"({{"error":{{"code":{},"message":"{}","status":"{}","details":[{}]}}}})",
                     code, message, status, details);
}

constexpr char kRetryInfo[] =
    R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17s"})";
constexpr char kPerMinute[] =
    R"({"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":)"
    R"("BatchEmbedContentsRequestsPerMinutePerProjectPerRegion"}]})";
constexpr char kPerDay[] =
    R"({"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":)"
    R"("EmbedContentRequestsPerDayPerUserPerProjectPerModel-FreeTier"}]})";

INSTANTIATE_TEST_SUITE_P(
    Azure, NetworkErrorsTest,
    ::testing::Values(
        Row{"azure", 401,
            R"({"error":{"code":"401","message":"Access denied due to invalid subscription key"}})",
            kKey, reason::kUnauthenticated},
        Row{"azure", 404,
            R"({"error":{"code":"DeploymentNotFound","message":"The API deployment for this )"
            R"(resource does not exist."}})",
            kMissing, reason::kModelNotFound},
        Row{"azure", 404, R"({"error":{"code":"404","message":"Resource not found"}})", kMissing},
        Row{"azure", 429,
            R"({"error":{"code":"429","message":"Requests have exceeded the call rate limit. )"
            R"(Please retry after 6 seconds."}})",
            kThrottle, "", 6000},
        Row{"azure", 429, "", kThrottle, "", 250, false, {{"retry-after-ms", "250"}}},
        Row{"azure", 400,
            R"({"error":{"code":"content_filter","message":"filtered","param":"prompt"}})", kInput},
        Row{"azure", 500, R"({"error":{"code":"InternalServerError","message":"x"}})", kAway},
        Row{"azure", 408, "", kAway, "", kNoWait, true}));

INSTANTIATE_TEST_SUITE_P(
    Voyage, NetworkErrorsTest,
    ::testing::Values(
        Row{"voyage", 400,
            R"({"detail":"The example at index 0 in your batch has too many tokens and does not )"
            R"(fit into the model's context window of 32000 tokens."})",
            kInput},
        Row{"voyage", 400,
            R"({"detail":"Model the-model is not supported. Supported models are ['voyage-4']."})",
            kMissing, reason::kModelNotFound},
        Row{"voyage", 400, R"({"detail":"Value 'x' provided for argument 'output_dimension'"})",
            kPaused},
        Row{"voyage", 401, R"({"detail":"Provided API key is invalid."})", kKey,
            reason::kUnauthenticated},
        Row{"voyage", 403, R"({"detail":"forbidden"})", kDenied},
        Row{"voyage", 422,
            R"({"detail":[{"loc":["body","input",3],"msg":"str type expected","type":"type"}]})",
            kInput},
        Row{"voyage", 422,
            R"({"detail":[{"loc":["body","output_dtype"],"msg":"unexpected","type":"enum"}]})",
            kPaused},
        Row{"voyage",
            429,
            R"({"detail":"You have exceeded your rate limit."})",
            kThrottle,
            "",
            2000,
            false,
            {},
            true},
        Row{"voyage", 429, "", kThrottle, "", 5000, false, {{"Retry-After", "5"}}},
        Row{"voyage",
            429,
            "",
            kThrottle,
            "",
            9000,
            false,
            {{"Retry-After", "Fri, 20 Nov 2026 00:00:09 GMT"}}},
        Row{"voyage", 429, "", kThrottle, "", 30'000, false, {{"X-RateLimit-Reset", "1795132830"}}},
        Row{"voyage", 500, R"({"detail":"server error"})", kAway},
        Row{"voyage", 502, "<html>", kAway, "", kNoWait, true}, Row{"voyage", 503, "", kAway},
        Row{"voyage", 504, "", kAway, "", kNoWait, true}));

INSTANTIATE_TEST_SUITE_P(
    Gemini, NetworkErrorsTest,
    ::testing::Values(
        Row{"gemini", 400,
            Google(
                400, "INVALID_ARGUMENT",
                "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch"),
            kInput},
        Row{"gemini", 400,
            Google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
                   R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo",)"
                   R"("reason":"API_KEY_INVALID"})"),
            kKey, reason::kUnauthenticated},
        Row{"gemini", 400,
            Google(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
            kDenied},
        Row{"gemini", 400,
            Google(400, "INVALID_ARGUMENT", "output_dimensionality must be positive"), kPaused},
        Row{"gemini", 403, Google(403, "PERMISSION_DENIED", "Method doesn't allow"), kDenied},
        Row{"gemini", 404,
            Google(404, "NOT_FOUND",
                   "models/the-model is not found for API version v1beta, or is not supported"),
            kMissing, reason::kModelNotFound},
        Row{"gemini", 404, "<html>", kMissing},
        Row{"gemini", 429,
            Google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota",
                   std::string(kPerMinute) + "," + kRetryInfo),
            kThrottle, "", 17'000},
        Row{"gemini", 429,
            Google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota",
                   std::string(kPerDay) + "," + kRetryInfo),
            kThrottle, "", 900'000},
        Row{"gemini",
            429,
            Google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota"),
            kThrottle,
            "",
            5000,
            false,
            {},
            true},
        Row{"gemini", 499, Google(499, "CANCELLED", "cancelled"), kAway, "", kNoWait, true},
        Row{"gemini", 500, Google(500, "INTERNAL", "An internal error has occurred"), kAway},
        Row{"gemini", 503, Google(503, "UNAVAILABLE", "The model is overloaded"), kAway},
        Row{"gemini", 504, Google(504, "DEADLINE_EXCEEDED", "late"), kAway, "", kNoWait, true}));

INSTANTIATE_TEST_SUITE_P(
    Cohere, NetworkErrorsTest,
    ::testing::Values(
        Row{"cohere", 400,
            R"({"message":"invalid request: total number of texts must be at most )"
            R"(96 - received 97"})",
            kInput},
        Row{"cohere", 400,
            R"({"message":"too many tokens: size limit exceeded by 100 tokens. Try using shorter or )"
            R"(fewer inputs, or setting truncate='END'."})",
            kInput},
        Row{"cohere", 400, R"({"message":"invalid request: valid input_type must be provided"})",
            kPaused},
        Row{"cohere", 400, R"({"id":"1","message":"model 'the-model' not found"})", kMissing,
            reason::kModelNotFound},
        Row{"cohere", 401, R"({"message":"invalid api token"})", kKey, reason::kUnauthenticated},
        Row{"cohere", 402, R"({"message":"billing"})", kThrottle, reason::kQuotaExhausted},
        Row{"cohere", 403, R"({"message":"forbidden"})", kDenied},
        Row{"cohere", 404,
            R"({"message":"model 'the-model' not found, make sure the correct model ID was used"})",
            kMissing, reason::kModelNotFound},
        Row{"cohere", 404, R"({"message":"404 page not found"})", kMissing},
        Row{"cohere", 422, R"({"message":"unprocessable"})", kInput},
        Row{"cohere",
            429,
            R"({"message":"trial token rate limit exceeded, limit is 100000 tokens per minute"})",
            kThrottle,
            "",
            2000,
            false,
            {},
            true},
        Row{"cohere", 429,
            R"({"message":"You are using a Trial key, which is limited to 1000 API calls / month."})",
            kThrottle, reason::kQuotaExhausted},
        Row{"cohere", 429, "", kThrottle, "", 1500, false, {{"retry-after-ms", "1500"}}},
        Row{"cohere", 429, "", kThrottle, "", 30'000, false, {{"x-ratelimit-reset", "1795132830"}}},
        Row{"cohere", 498, R"({"message":"invalid token"})", kKey, reason::kUnauthenticated},
        Row{"cohere", 499, R"({"message":"request cancelled"})", kAway, "", kNoWait, true},
        Row{"cohere", 500, R"({"message":"internal server error"})", kAway},
        Row{"cohere", 501, R"({"message":"not implemented"})", kPaused},
        Row{"cohere", 503, "", kAway}, Row{"cohere", 504, "", kAway, "", kNoWait, true}));

INSTANTIATE_TEST_SUITE_P(
    Ollama, NetworkErrorsTest,
    ::testing::Values(
        Row{"ollama", 400, R"({"error":"the input length exceeds the context length"})", kInput},
        Row{"ollama", 500, R"({"error":"the input length exceeds the context length"})", kInput},
        Row{"ollama", 500, R"({"error":"failed to encode response: json: unsupported value: NaN"})",
            kInput},
        Row{"ollama", 400, R"({"error":"invalid input type"})", kInput},
        Row{"ollama", 400, R"({"error":"this model does not support embeddings"})", kPaused},
        Row{"ollama", 404, R"({"error":"model 'the-model' not found"})", kMissing,
            reason::kModelNotFound},
        Row{"ollama", 404, "404 page not found", kMissing},
        Row{"ollama", 499, R"({"error":"context canceled"})", kAway},
        Row{"ollama", 500, R"({"error":"llama runner process has terminated"})", kAway},
        Row{"ollama", 503,
            R"({"error":"server busy, please try again.  maximum pending requests exceeded"})",
            kThrottle, "", 500}));

INSTANTIATE_TEST_SUITE_P(
    Tei, NetworkErrorsTest,
    ::testing::Values(
        Row{"tei", 400, R"({"error":"`inputs` cannot be empty","error_type":"Empty"})", kInput},
        Row{"tei", 401, "", kKey, reason::kUnauthenticated},
        Row{"tei", 413,
            R"({"error":"batch size 33 > maximum allowed batch size 32",)"
            R"("error_type":"Validation"})",
            kInput},
        Row{"tei", 422,
            R"({"error":"batch size 33 > maximum allowed batch size 32",)"
            R"("error_type":"Validation"})",
            kInput},
        Row{"tei", 422,
            R"({"error":"`inputs` must have less than 512 tokens. Given: 600",)"
            R"("error_type":"Validation"})",
            kInput},
        Row{"tei", 422, R"({"error":"Tokenizer error","error_type":"Tokenizer"})", kInput},
        Row{"tei", 422, R"({"error":"`dimensions` is not supported","error_type":"Validation"})",
            kPaused},
        Row{"tei", 424, R"({"error":"inference error","error_type":"Backend"})", kAway},
        Row{"tei", 429, R"({"error":"Model is overloaded","error_type":"Overloaded"})", kThrottle,
            "", 500},
        Row{"tei", 503, R"({"error":"unhealthy","error_type":"Unhealthy"})", kAway}));

TEST(NetworkErrorMessagesTest, SayWhatAndWhatToDo) {
  const Status pull =
      TestError("ollama", TestAnswer(404, R"({"error":"model 'the-model' not found"})"));
  EXPECT_EQ(Message(pull),
            "ollama: there is no model 'the-model' (404): model 'the-model' not found");
  EXPECT_EQ(Remedy(pull), "fetch it on the server: ollama pull the-model");
  const Status key =
      TestError("gemini", TestAnswer(400, Google(400, "INVALID_ARGUMENT", "API key not valid.")));
  EXPECT_EQ(Message(key), "gemini: the API key was refused (400)");
  EXPECT_EQ(Remedy(key), "check the key of provider 'gemini' (env:THE_KEY)");
  EXPECT_EQ(Message(TestError("voyage", TestAnswer(429, R"({"detail":"slow down"})"))),
            "voyage: throttled (429): slow down");
  EXPECT_EQ(Message(TestError("gemini", TestAnswer(503, Google(503, "UNAVAILABLE", "busy")))),
            "gemini: the server has trouble (503, UNAVAILABLE): busy");
}

TEST(NetworkErrorMessagesTest, WhatTheHeadersSayOfTheQuotaTravelsAlong) {
  for (const std::string& type : testing::ProtocolTypes()) {
    const Status status = TestError(
        type, TestAnswer(429, "", {{"x-ratelimit-limit-tokens", "1000"}, {"retry-after", "1"}}));
    EXPECT_EQ(RateHintOf(status).tokens.limit, 1000) << type;
    EXPECT_EQ(RetryAfter(status)->count() >= 500, true) << type;
  }
}

TEST(NetworkErrorMessagesTest, NoneRepeatsATextOrTheKey) {
  for (const std::string& type : testing::ProtocolTypes()) {
    for (const int number : {400, 401, 403, 404, 409, 413, 422, 424, 429, 498, 500, 503}) {
      for (const char* field : {"error", "message", "detail"}) {
        for (const char* words :
             {"bad input: the text of a row that nobody may see", "your key is sk-123456789"}) {
          const Status status =
              TestError(type, TestAnswer(number, fmt::format(R"({{"{}":"{}"}})", field, words)));
          EXPECT_THAT(status.ToString(), Not(HasSubstr("nobody may"))) << type << number;
          EXPECT_THAT(status.ToString(), Not(HasSubstr("sk-123456789"))) << type << number;
        }
      }
    }
  }
}

}  // namespace
}  // namespace drift
