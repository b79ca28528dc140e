// Settings of a provider of type openai: OpenAI itself, and whatever speaks its protocol at another
// base_url.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "providers/provider.h"

namespace drift::openai {

struct Settings {
  std::string url;    // of the embeddings endpoint
  SecretRef api_key;  // empty: none is sent
  std::string organization;
  std::string project;
  bool base64 = true;  // how vectors are asked for; some servers know only lists of numbers
  std::chrono::milliseconds timeout{60'000};
};

// NetworkOptions(), organization, project, encoding.
const std::vector<std::string>& Options();

// Named openai, key in OPENAI_API_KEY.
ProviderConfig WellKnown();

// kInvalidArgument says what is wrong with which option.
StatusOr<Settings> ReadSettings(const ProviderConfig& config);
Status Check(const ProviderConfig& config);

}  // namespace drift::openai
