#include "providers/openai/config.h"

#include <gtest/gtest.h>

namespace drift::openai {
namespace {

std::string Problem(const ProviderConfig& config) {
  const Status status = Check(config);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  return std::string(Message(status));
}

TEST(OpenaiConfigTest, TheWellKnownOneNeedsNothing) {
  const Settings settings = ReadSettings(WellKnown()).value();
  EXPECT_EQ(settings.http.base_url, "https://api.openai.com/v1");
  EXPECT_EQ(settings.http.api_key.text, "env:OPENAI_API_KEY");
  EXPECT_TRUE(settings.base64);
}

TEST(OpenaiConfigTest, AnotherServerNeedsNoKey) {
  const ProviderConfig vllm{.name = "vllm",
                            .type = "openai",
                            .base_url = "http://vllm:8000/v1/",
                            .options = {{"encoding", "float"}, {"timeout_secs", "5"}}};
  const Settings settings = ReadSettings(vllm).value();
  EXPECT_EQ(settings.http.base_url, "http://vllm:8000/v1");
  EXPECT_FALSE(settings.base64);
  EXPECT_EQ(settings.http.timeout, std::chrono::seconds(5));
}

TEST(OpenaiConfigTest, MistakesAreNamed) {
  ProviderConfig config = WellKnown();
  config.api_key = {};
  EXPECT_EQ(Problem(config), "api_key is missing; name it, like env:OPENAI_API_KEY");
  for (const char* url : {"api.openai.com", "ftp://host/v1", "http://", "http://h/v1?key=1"}) {
    config.base_url = url;
    EXPECT_EQ(Problem(config), "base_url must be an address like https://api.openai.com/v1") << url;
  }
  config = WellKnown();
  config.options = {{"encoding", "hex"}};
  EXPECT_EQ(Problem(config), "encoding must be base64 or float");
  for (const char* number : {"0", "-1", "ten", "1.5", "", "99999999999999999999"}) {
    config.options = {{"timeout_secs", number}};
    EXPECT_EQ(Problem(config), "timeout_secs must be a whole number of at least 1");
    config.options = {{"tokens_per_minute", number}};
    EXPECT_EQ(Problem(config), "tokens_per_minute must be a whole number of at least 1");
  }
}

}  // namespace
}  // namespace drift::openai
