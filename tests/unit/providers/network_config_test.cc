// Settings of providers over a network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/providers/protocols.h"

namespace drift {
namespace {

using ::testing::HasSubstr;

TEST(NetworkConfigTest, WellKnownOnesNeedNothing) {
  EXPECT_EQ(voyage::ReadSettings(voyage::WellKnown())->http.base_url,
            "https://api.voyageai.com/v1");
  EXPECT_EQ(gemini::ReadSettings(gemini::WellKnown())->base_url,
            "https://generativelanguage.googleapis.com/v1beta");
  EXPECT_EQ(cohere::ReadSettings(cohere::WellKnown())->http.base_url, "https://api.cohere.com");
  EXPECT_EQ(cohere::ReadSettings(cohere::WellKnown())->http.api_key.text, "env:CO_API_KEY");
  EXPECT_EQ(ollama::ReadSettings(ollama::WellKnown())->http.base_url, "http://127.0.0.1:11434");
  EXPECT_TRUE(ollama::ReadSettings(ollama::WellKnown())->http.api_key.empty());
}

TEST(NetworkConfigTest, ServersOfOnesOwnMustBeNamed) {
  const Status tei = tei::Check({.name = "tei", .type = "tei"});
  EXPECT_EQ(Message(tei), "base_url is missing; name the server, like http://tei:3000");
  const Status azure = openai::CheckAzure({.name = "azure", .type = "azure"});
  EXPECT_EQ(Message(azure),
            "base_url is missing; name the server, like https://NAME.openai.azure.com");
  const Status keyless =
      openai::CheckAzure({.name = "azure", .type = "azure", .base_url = "https://x"});
  EXPECT_EQ(Message(keyless), "api_key is missing; name it, like env:AZURE_OPENAI_API_KEY");
}

TEST(NetworkConfigTest, AMissingKeyIsNamed) {
  EXPECT_EQ(Message(voyage::Check({.name = "voyage", .type = "voyage"})),
            "api_key is missing; name it, like env:VOYAGE_API_KEY");
  EXPECT_EQ(Message(gemini::Check({.name = "g", .type = "gemini"})),
            "api_key is missing; name it, like env:GEMINI_API_KEY");
  // A server of one's own that speaks the protocol may want none.
  EXPECT_TRUE(
      voyage::Check({.name = "v", .type = "voyage", .base_url = "http://127.0.0.1:1"}).ok());
}

TEST(NetworkConfigTest, OptionsAreChecked) {
  ProviderConfig config = ollama::WellKnown();
  config.options = {{"context_tokens", "many"}};
  EXPECT_EQ(Message(ollama::Check(config)), "context_tokens must be a whole number of at least 1");
  config.options = {{"texts_per_minute", "0"}};
  EXPECT_EQ(Message(ollama::Check(config)),
            "texts_per_minute must be a whole number of at least 1");
  config = cohere::WellKnown();
  config.options = {{"encoding", "int8"}};
  EXPECT_EQ(Message(cohere::Check(config)), "encoding must be base64 or float");
  config.options = {};
  config.base_url = "api.cohere.com";
  EXPECT_EQ(Message(cohere::Check(config)),
            "base_url must be an address like https://api.cohere.com");
}

TEST(TeiInfoTest, LimitsComeFromTheServer) {
  const auto info = tei::DecodeInfo(
      R"({"model_id":"BAAI/bge-m3","max_client_batch_size":64,"max_input_length":8192,)"
      R"("max_batch_tokens":4096,"max_concurrent_requests":512})");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->model_id, "BAAI/bge-m3");
  RequestLimits catalogue;
  catalogue.max_items = 32;
  catalogue.max_bytes = 7;
  const RequestLimits limits = tei::LimitsOf(*info, catalogue);
  EXPECT_EQ(limits.max_items, 64);
  EXPECT_EQ(limits.max_item_tokens, 4096);
  EXPECT_EQ(limits.max_bytes, 7);
  EXPECT_EQ(limits.max_tokens, 0);
  catalogue.max_item_tokens = 512;
  EXPECT_EQ(tei::LimitsOf(*info, catalogue).max_item_tokens, 512);
  EXPECT_EQ(tei::LimitsOf({}, catalogue).max_items, 32);
  EXPECT_EQ(Reason(tei::DecodeInfo("<html>").status()), "BAD_ANSWER");
  EXPECT_THAT(std::string(Message(tei::DecodeInfo("[]").status())), HasSubstr("/info"));
}

}  // namespace
}  // namespace drift
