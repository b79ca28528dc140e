// Protocols of all providers as tests need them: without a registry, a key or a server.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time_text.h"
#include "providers/cohere/provider.h"
#include "providers/gemini/provider.h"
#include "providers/http_embedder.h"
#include "providers/ollama/provider.h"
#include "providers/openai/provider.h"
#include "providers/tei/provider.h"
#include "providers/voyage/provider.h"

namespace drift::testing {

// At https://host, with the model "the-model" and the types "doc" and "ask".
struct ProtocolCase {
  std::map<std::string, std::string> options;
  int32_t dimensions = 0;
};

inline ModelEntry TestEntry() {
  ModelEntry entry;
  entry.name = "the-model";
  entry.document_type = "doc";
  entry.query_type = "ask";
  return entry;
}

inline std::unique_ptr<Protocol> TestProtocol(const std::string& type, ProtocolCase with = {}) {
  const ProviderConfig config{.name = type,
                              .type = type,
                              .api_key = {"env:THE_KEY"},
                              .base_url = "https://host",
                              .options = with.options};
  const ModelEntry entry = TestEntry();
  const int32_t n = with.dimensions;
  if (type == "openai") {
    return openai::MakeProtocol(openai::ReadSettings(config).value(), entry.name, n);
  }
  if (type == "azure") {
    return openai::MakeAzureProtocol(openai::ReadAzureSettings(config).value(), entry.name, n);
  }
  if (type == "voyage") {
    return voyage::MakeProtocol(voyage::ReadSettings(config).value(), entry, n);
  }
  if (type == "gemini") {
    return gemini::MakeProtocol(gemini::ReadSettings(config).value(), entry, n);
  }
  if (type == "cohere") {
    return cohere::MakeProtocol(cohere::ReadSettings(config).value(), entry, n);
  }
  if (type == "ollama") {
    return ollama::MakeProtocol(ollama::ReadSettings(config).value(), entry, n);
  }
  if (type == "tei") return tei::MakeProtocol(tei::ReadSettings(config).value(), entry, n);
  ADD_FAILURE() << "no protocol " << type;
  return nullptr;
}

inline const std::vector<std::string>& ProtocolTypes() {
  static const auto& types = *new std::vector<std::string>{"openai", "azure",  "voyage", "gemini",
                                                           "cohere", "ollama", "tei"};
  return types;
}

using HeaderList = std::vector<std::pair<std::string, std::string>>;

inline HttpResponse TestAnswer(int status, std::string body, const HeaderList& headers = {}) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  for (const auto& [name, value] : headers) response.headers.Add(name, value);
  return response;
}

inline constexpr char kTestKey[] = "sk-123456789";

// The request for two texts with the key above.
inline HttpRequest TestRequest(const Protocol& protocol, InputKind kind = InputKind::kDocument) {
  const std::vector<std::string> texts = {"one", "say \"two\""};
  const Secret key{kTestKey};
  return protocol.Encode({texts, kind, key});
}

// What such an answer means to a request of one text that nobody may see.
inline Status TestError(const std::string& type, const HttpResponse& response) {
  static const auto& texts = *new std::vector<std::string>{"the text of a row that nobody may see"};
  return ReadError(*TestProtocol(type), response,
                   {.provider = type,
                    .model = "the-model",
                    .url = "https://host/path",
                    .key_ref = "env:THE_KEY",
                    .key = kTestKey,
                    .texts = texts,
                    .now = ParseTime("2026-11-20T00:00:00Z").value()});
}

}  // namespace drift::testing
