#include "providers/openai/config.h"

namespace drift::openai {
namespace {

constexpr HttpDefaults kOpenai{.base_url = "https://api.openai.com/v1",
                               .example = "https://api.openai.com/v1",
                               .needs_key = true};
constexpr HttpDefaults kAzure{.example = "https://NAME.openai.azure.com"};
constexpr std::string_view kAzureApiVersion = "2024-10-21";

}  // namespace

const std::vector<std::string>& Options() {
  static const auto& options =
      *new std::vector<std::string>(NetworkOptionsAnd({"organization", "project", "encoding"}));
  return options;
}

ProviderConfig WellKnown() {
  return {.name = "openai",
          .type = "openai",
          .api_key = {"env:OPENAI_API_KEY"},
          .base_url = std::string(kOpenai.base_url)};
}

StatusOr<Settings> ReadSettings(const ProviderConfig& config) {
  Settings out;
  ASSIGN_OR_RETURN(out.http, ReadHttpSettings(config, kOpenai));
  ASSIGN_OR_RETURN(out.base64, Base64Option(config));
  out.organization = TextOption(config, "organization");
  out.project = TextOption(config, "project");
  return out;
}

Status Check(const ProviderConfig& config) {
  return ReadSettings(config).status();
}

const std::vector<std::string>& AzureOptions() {
  static const auto& options = *new std::vector<std::string>(
      NetworkOptionsAnd({"deployment", "deployment_model", "api_version", "encoding"}));
  return options;
}

StatusOr<AzureSettings> ReadAzureSettings(const ProviderConfig& config) {
  AzureSettings out;
  ASSIGN_OR_RETURN(out.http, ReadHttpSettings(config, kAzure));
  if (config.api_key.empty()) {
    return InvalidArgument("api_key is missing; name it, like env:AZURE_OPENAI_API_KEY");
  }
  ASSIGN_OR_RETURN(out.base64, Base64Option(config));
  out.deployment = TextOption(config, "deployment");
  out.deployment_model = TextOption(config, "deployment_model");
  if (out.deployment.empty() && !out.deployment_model.empty()) {
    return InvalidArgument(
        "deployment_model says whose model `deployment` is, and that is missing");
  }
  out.api_version = TextOption(config, "api_version");
  if (out.api_version.empty()) out.api_version = kAzureApiVersion;
  return out;
}

Status CheckAzure(const ProviderConfig& config) {
  return ReadAzureSettings(config).status();
}

}  // namespace drift::openai
