// Settings of a provider of type openai: OpenAI itself, and whatever speaks its protocol at another
// base_url; and of type azure: OpenAI's models as Azure serves them.
#pragma once

#include <string>
#include <vector>

#include "providers/http_settings.h"
#include "providers/provider.h"

namespace drift::openai {

struct Settings {
  HttpSettings http;
  std::string organization;
  std::string project;
  bool base64 = true;  // how vectors are asked for; some servers know only lists of numbers
};

// NetworkOptions(), organization, project, encoding.
const std::vector<std::string>& Options();
// Named openai, key in OPENAI_API_KEY.
ProviderConfig WellKnown();
// kInvalidArgument says what is wrong with which option.
StatusOr<Settings> ReadSettings(const ProviderConfig& config);
Status Check(const ProviderConfig& config);

struct AzureSettings {
  HttpSettings http;
  std::string deployment;        // empty: named as the model
  std::string deployment_model;  // the only one it is for; empty: not said
  std::string api_version;
  bool base64 = true;
};

// NetworkOptions(), deployment, deployment_model, api_version, encoding.
const std::vector<std::string>& AzureOptions();
StatusOr<AzureSettings> ReadAzureSettings(const ProviderConfig& config);
Status CheckAzure(const ProviderConfig& config);

}  // namespace drift::openai
