// Requests, byte for byte.
#include <gtest/gtest.h>

#include "tests/unit/providers/protocols.h"

namespace drift {
namespace {

using testing::TestProtocol;
using testing::TestRequest;

std::string Header(const HttpRequest& request, std::string_view name) {
  return std::string(request.headers.Find(name).value_or("(none)"));
}

TEST(NetworkEncodeTest, AllPostJson) {
  for (const std::string& type : testing::ProtocolTypes()) {
    const HttpRequest request = TestRequest(*TestProtocol(type));
    EXPECT_EQ(request.method, HttpRequest::Method::kPost) << type;
    EXPECT_EQ(Header(request, "Content-Type"), "application/json") << type;
    // The key travels in one header and nowhere else.
    EXPECT_EQ(request.url.find(testing::kTestKey), std::string::npos) << type;
    EXPECT_EQ(request.body.find(testing::kTestKey), std::string::npos) << type;
  }
}

TEST(NetworkEncodeTest, NoKeyNoHeader) {
  const std::vector<std::string> texts = {"one"};
  for (const std::string& type : testing::ProtocolTypes()) {
    const HttpRequest request = TestProtocol(type)->Encode({texts, InputKind::kDocument, Secret()});
    EXPECT_EQ(request.headers.all().size(), 2u) << type;
  }
}

TEST(NetworkEncodeTest, Openai) {
  const HttpRequest request = TestRequest(*TestProtocol("openai", {.dimensions = 8}));
  EXPECT_EQ(request.url, "https://host/embeddings");
  EXPECT_EQ(Header(request, "Authorization"), "Bearer sk-123456789");
  EXPECT_EQ(request.body,
            R"({"input":["one","say \"two\""],"model":"the-model","encoding_format":"base64",)"
            R"("dimensions":8})");
  const HttpRequest ours = TestRequest(
      *TestProtocol("openai", {.options = {{"organization", "org-1"}, {"project", "proj_2"}}}));
  EXPECT_EQ(Header(ours, "OpenAI-Organization"), "org-1");
  EXPECT_EQ(Header(ours, "OpenAI-Project"), "proj_2");
}

TEST(NetworkEncodeTest, Azure) {
  const HttpRequest request = TestRequest(*TestProtocol("azure"));
  EXPECT_EQ(request.url,
            "https://host/openai/deployments/the-model/embeddings?api-version=2024-10-21");
  EXPECT_EQ(Header(request, "api-key"), "sk-123456789");
  EXPECT_EQ(Header(request, "Authorization"), "(none)");
  const HttpRequest named = TestRequest(*TestProtocol(
      "azure", {.options = {{"deployment", "my embeddings"}, {"api_version", "2025-01-01"}}}));
  EXPECT_EQ(named.url,
            "https://host/openai/deployments/my%20embeddings/embeddings?api-version=2025-01-01");
}

TEST(NetworkEncodeTest, Voyage) {
  const auto protocol = TestProtocol("voyage");
  const HttpRequest request = TestRequest(*protocol);
  EXPECT_EQ(request.url, "https://host/embeddings");
  EXPECT_EQ(Header(request, "Authorization"), "Bearer sk-123456789");
  EXPECT_EQ(request.body,
            R"({"input":["one","say \"two\""],"model":"the-model","input_type":"doc",)"
            R"("truncation":false,"encoding_format":"base64"})");
  EXPECT_NE(TestRequest(*protocol, InputKind::kQuery).body.find(R"("input_type":"ask")"),
            std::string::npos);
  const auto small =
      TestProtocol("voyage", {.options = {{"encoding", "float"}}, .dimensions = 256});
  EXPECT_EQ(TestRequest(*small).body,
            R"({"input":["one","say \"two\""],"model":"the-model","input_type":"doc",)"
            R"("truncation":false,"output_dimension":256})");
}

TEST(NetworkEncodeTest, Gemini) {
  const HttpRequest request = TestRequest(*TestProtocol("gemini", {.dimensions = 768}));
  EXPECT_EQ(request.url, "https://host/models/the-model:batchEmbedContents");
  EXPECT_EQ(Header(request, "x-goog-api-key"), "sk-123456789");
  EXPECT_EQ(request.body,
            R"({"requests":[{"content":{"parts":[{"text":"one"}]},"model":"models/the-model",)"
            R"("taskType":"doc","outputDimensionality":768},{"content":{"parts":[{"text":)"
            R"("say \"two\""}]},"model":"models/the-model","taskType":"doc",)"
            R"("outputDimensionality":768}]})");
}

TEST(NetworkEncodeTest, Cohere) {
  const HttpRequest request = TestRequest(*TestProtocol("cohere"), InputKind::kQuery);
  EXPECT_EQ(request.url, "https://host/v2/embed");
  EXPECT_EQ(Header(request, "Authorization"), "Bearer sk-123456789");
  EXPECT_EQ(request.body,
            R"({"texts":["one","say \"two\""],"model":"the-model","input_type":"ask",)"
            R"("embedding_types":["base64"],"truncate":"NONE"})");
  const auto small =
      TestProtocol("cohere", {.options = {{"encoding", "float"}}, .dimensions = 512});
  EXPECT_EQ(TestRequest(*small).body,
            R"({"texts":["one","say \"two\""],"model":"the-model","input_type":"doc",)"
            R"("output_dimension":512,"embedding_types":["float"],"truncate":"NONE"})");
}

TEST(NetworkEncodeTest, Ollama) {
  const HttpRequest request = TestRequest(*TestProtocol("ollama"));
  EXPECT_EQ(request.url, "https://host/api/embed");
  EXPECT_EQ(request.body,
            R"({"model":"the-model","input":["one","say \"two\""],"truncate":false})");
  const auto more = TestProtocol(
      "ollama",
      {.options = {{"keep_alive", "10m"}, {"context_tokens", "8192"}}, .dimensions = 256});
  EXPECT_EQ(TestRequest(*more).body,
            R"({"model":"the-model","input":["one","say \"two\""],"truncate":false,)"
            R"("dimensions":256,"keep_alive":"10m","options":{"num_ctx":8192}})");
}

TEST(NetworkEncodeTest, Tei) {
  const HttpRequest request = TestRequest(*TestProtocol("tei"));
  EXPECT_EQ(request.url, "https://host/embed");
  EXPECT_EQ(request.body, R"({"inputs":["one","say \"two\""],"truncate":false,"normalize":true,)"
                          R"("prompt_name":"doc"})");
}

}  // namespace
}  // namespace drift
