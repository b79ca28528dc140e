// Whatever a server sends or a file holds: an error at worst. Damaged copies of good inputs, many
// of them; the seed is printed with a failure.
#include <gtest/gtest.h>

#include <cmath>

#include "base/encoding.h"
#include "base/rng.h"
#include "net/json.h"
#include "providers/local/safetensors.h"
#include "providers/retry_after.h"
#include "tests/unit/providers/protocols.h"

namespace drift {
namespace {

constexpr int kRounds = 10'000;

// Changes, drops, doubles or cuts some bytes.
std::string Damage(std::string text, uint64_t& state) {
  constexpr std::string_view kLikely = "0123456789-+.eE{}[]\",:\\nulltrue \xff";
  for (uint64_t n = 1 + SplitMix64(state) % 4; n > 0 && !text.empty(); --n) {
    const size_t at = SplitMix64(state) % text.size();
    const char byte = kLikely[SplitMix64(state) % kLikely.size()];
    switch (SplitMix64(state) % 5) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      case 2:
        text.erase(at, 1 + SplitMix64(state) % 8);
        break;
      case 3:
        text.insert(at, text.substr(at, 1 + SplitMix64(state) % 40));
        break;
      default:
        text.resize(at);
    }
  }
  return text;
}

std::map<std::string, std::string> GoodAnswers() {
  const std::vector<float> values = {0.6f, 0, -0.8f, 0};
  const std::string base64 =
      Base64Encode({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  const std::string by_index = fmt::format(
      R"({{"object":"list","data":[{{"index":1,"embedding":"{}"}},)"
      R"({{"index":0,"embedding":[0,-1e0,0.0,2.5e-3]}}],"usage":{{"total_tokens":7}}}})",
      base64);
  constexpr char kLists[] = "[[0,-1e0,0.0,2.5e-3],[0.6,0,-0.8,0]]";
  return {
      {"openai", by_index},
      {"azure", by_index},
      {"voyage", by_index},
      {"gemini", R"({"embeddings":[{"values":[0,-1e0,0.0,2.5e-3]},{"values":[0.6,0,-0.8,0]}],)"
                 R"("usageMetadata":{"promptTokenCount":7}})"},
      {"cohere", fmt::format(R"({{"embeddings":{{"base64":["{}","{}"]}},"meta":{{"billed_units":)"
                             R"({{"input_tokens":7}}}}}})",
                             base64, base64)},
      {"ollama", fmt::format(R"({{"embeddings":{},"prompt_eval_count":7}})", kLists)},
      {"tei", kLists},
  };
}

TEST(DamagedInputTest, Answers) {
  for (const auto& [type, body] : GoodAnswers()) {
    const auto protocol = testing::TestProtocol(type);
    const auto read = [&](const std::string& text) {
      return ReadAnswer(*protocol, testing::TestAnswer(200, text), 2, 4);
    };
    ASSERT_TRUE(read(body).ok()) << type << read(body).status();
    int good = 0;
    for (uint64_t seed = 0; seed < kRounds; ++seed) {
      uint64_t state = seed;
      const auto answer = read(Damage(body, state));
      if (!answer.ok()) {
        ASSERT_EQ(answer.status().code(), StatusCode::kAborted) << type << " seed " << seed;
        continue;
      }
      ++good;
      for (const Vector& vector : answer->vectors) {
        double squares = 0;
        for (const float x : vector.values()) squares += static_cast<double>(x) * x;
        ASSERT_NEAR(squares, 1, 1e-5) << type << " seed " << seed;
      }
    }
    EXPECT_GT(good, 0) << type;
    EXPECT_LT(good, kRounds) << type;
  }
}

TEST(DamagedInputTest, Errors) {
  constexpr std::string_view kBody =
      R"({"error":{"message":"Please try again in 2.812s. Visit","type":"tokens","param":"input",)"
      R"("code":"rate_limit_exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":)"
      R"("type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17s"}]},"detail":[{"loc":)"
      R"(["body","input",0],"msg":"too long","type":"value_error"}],"error_type":"Overloaded"})";
  for (uint64_t seed = 0; seed < kRounds; ++seed) {
    uint64_t state = seed;
    HttpResponse response;
    response.status = static_cast<int>(SplitMix64(state) % 600);
    response.body = Damage(std::string(kBody), state);
    response.headers.Add("Retry-After", Damage("Wed, 21 Oct 2026 07:28:00 GMT", state));
    response.headers.Add("retry-after-ms", Damage("1500.25", state));
    response.headers.Add("x-ratelimit-remaining-tokens", Damage("0", state));
    response.headers.Add("x-ratelimit-reset-tokens", Damage("1h6m0.5s", state));
    const std::string& type = testing::ProtocolTypes()[seed % testing::ProtocolTypes().size()];
    const Status status = testing::TestError(type, response);
    ASSERT_FALSE(status.ok()) << "seed " << seed;
    ASSERT_EQ(Message(status).find('\n'), std::string_view::npos) << "seed " << seed;
    const auto wait = RetryAfter(status);
    ASSERT_TRUE(!wait || (wait->count() > 0 && wait->count() <= 3'600'000)) << "seed " << seed;
  }
}

TEST(DamagedInputTest, Info) {
  constexpr std::string_view kInfo =
      R"({"model_id":"BAAI/bge-m3","max_client_batch_size":64,"max_input_length":8192,)"
      R"("max_batch_tokens":16384})";
  for (uint64_t seed = 0; seed < kRounds; ++seed) {
    uint64_t state = seed;
    const auto info = tei::DecodeInfo(Damage(std::string(kInfo), state));
    if (!info.ok()) continue;
    const RequestLimits limits = tei::LimitsOf(*info, {});
    ASSERT_GE(limits.max_items, 0) << "seed " << seed;
    ASSERT_GE(limits.max_item_tokens, 0) << "seed " << seed;
  }
}

TEST(DamagedInputTest, WeightFiles) {
  const std::string header = R"({"w":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}})";
  const uint64_t length = header.size();
  const std::string file = std::string(reinterpret_cast<const char*>(&length), sizeof(length)) +
                           header + std::string(12, '\x3c');
  for (uint64_t seed = 0; seed < kRounds; ++seed) {
    uint64_t state = seed;
    const auto matrix = local::ReadMatrix(Damage(file, state));
    if (!matrix.ok()) {
      ASSERT_EQ(matrix.status().code(), StatusCode::kDataLoss) << "seed " << seed;
    } else {
      ASSERT_EQ(matrix->values.size(), matrix->rows * matrix->columns) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace drift
