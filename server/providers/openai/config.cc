#include "providers/openai/config.h"

#include "base/uri.h"

namespace drift::openai {
namespace {

constexpr std::string_view kOpenaiUrl = "https://api.openai.com/v1";
constexpr int64_t kTimeoutSecs = 60;

std::string Option(const ProviderConfig& config, const std::string& name) {
  const auto option = config.options.find(name);
  return option == config.options.end() ? "" : option->second;
}

StatusOr<std::string> EndpointOf(std::string_view base_url) {
  const auto uri = ParseUri(base_url);
  const bool http = uri.ok() && (uri->scheme == "http" || uri->scheme == "https");
  if (!http || uri->host.empty() || !uri->options.empty()) {
    return InvalidArgument("base_url must be an address like {}", kOpenaiUrl);
  }
  while (base_url.ends_with('/')) base_url.remove_suffix(1);
  return fmt::format("{}/embeddings", base_url);
}

}  // namespace

const std::vector<std::string>& Options() {
  static const std::vector<std::string>& options = *[] {
    auto* all = new std::vector<std::string>(NetworkOptions());
    all->insert(all->end(), {"organization", "project", "encoding"});
    return all;
  }();
  return options;
}

ProviderConfig WellKnown() {
  return {.name = "openai",
          .type = "openai",
          .api_key = {"env:OPENAI_API_KEY"},
          .base_url = std::string(kOpenaiUrl)};
}

StatusOr<Settings> ReadSettings(const ProviderConfig& config) {
  Settings out;
  const bool elsewhere = !config.base_url.empty() && config.base_url != kOpenaiUrl;
  ASSIGN_OR_RETURN(out.url, EndpointOf(elsewhere ? config.base_url : kOpenaiUrl));
  if (config.api_key.empty() && !elsewhere) {
    return InvalidArgument("api_key is missing; name it, like env:OPENAI_API_KEY");
  }
  out.api_key = config.api_key;
  out.organization = Option(config, "organization");
  out.project = Option(config, "project");
  const std::string encoding = Option(config, "encoding");
  if (!encoding.empty() && encoding != "base64" && encoding != "float") {
    return InvalidArgument("encoding must be base64 or float");
  }
  out.base64 = encoding != "float";
  ASSIGN_OR_RETURN(const int64_t secs, NumberOption(config, "timeout_secs", kTimeoutSecs));
  out.timeout = std::chrono::seconds(secs);
  return out;
}

Status Check(const ProviderConfig& config) {
  RETURN_IF_ERROR(CheckNetworkOptions(config));
  return ReadSettings(config).status();
}

}  // namespace drift::openai
