#include "providers/http_settings.h"

#include "base/uri.h"
#include "core/reasons.h"
#include "providers/provider.h"

namespace drift {
namespace {

constexpr int64_t kTimeoutSecs = 60;

Status CheckBaseUrl(std::string_view base_url, std::string_view example) {
  const auto uri = ParseUri(base_url);
  const bool http = uri.ok() && (uri->scheme == "http" || uri->scheme == "https");
  if (!http || uri->host.empty() || !uri->options.empty()) {
    return InvalidArgument("base_url must be an address like {}", example);
  }
  return OkStatus();
}

}  // namespace

std::string TextOption(const ProviderConfig& config, const std::string& name) {
  const auto option = config.options.find(name);
  return option == config.options.end() ? "" : option->second;
}

StatusOr<bool> Base64Option(const ProviderConfig& config) {
  const std::string encoding = TextOption(config, "encoding");
  if (!encoding.empty() && encoding != "base64" && encoding != "float") {
    return InvalidArgument("encoding must be base64 or float");
  }
  return encoding != "float";
}

std::vector<std::string> NetworkOptionsAnd(std::vector<std::string> more) {
  std::vector<std::string> all = NetworkOptions();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

StatusOr<HttpSettings> ReadHttpSettings(const ProviderConfig& config,
                                        const HttpDefaults& defaults) {
  RETURN_IF_ERROR(CheckNetworkOptions(config));
  HttpSettings out;
  const bool elsewhere = !config.base_url.empty() && config.base_url != defaults.base_url;
  out.base_url = elsewhere ? config.base_url : std::string(defaults.base_url);
  if (out.base_url.empty()) {
    return InvalidArgument("base_url is missing; name the server, like {}", defaults.example);
  }
  RETURN_IF_ERROR(CheckBaseUrl(out.base_url, defaults.example));
  while (out.base_url.ends_with('/')) out.base_url.pop_back();
  if (config.api_key.empty() && defaults.needs_key && !elsewhere) {
    return InvalidArgument("api_key is missing; name it, like env:{}_API_KEY", [&] {
      std::string name = config.type;
      for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      return name;
    }());
  }
  out.api_key = config.api_key;
  ASSIGN_OR_RETURN(const int64_t secs, NumberOption(config, "timeout_secs", kTimeoutSecs));
  out.timeout = std::chrono::seconds(secs);
  return out;
}

StatusOr<Secret> ReadKey(const SecretRef& ref, std::string_view provider) {
  if (ref.empty()) return Secret();
  auto key = ReadSecret(ref);
  if (key.ok()) return key;
  return WithRemedy(
      WithReason(Unauthenticated("{}: no API key: {}", provider, Message(key.status())),
                 reason::kUnauthenticated),
      fmt::format("put the key where driftd finds it as {}{}", ref.text,
                  ref.text.starts_with("env:") ? " and start it again" : ""));
}

}  // namespace drift
