#include "providers/provider.h"

#include <charconv>

namespace drift {
namespace {

constexpr char kTimeout[] = "timeout_secs";
constexpr char kConcurrency[] = "max_concurrency";
constexpr char kRequests[] = "requests_per_minute";
constexpr char kTokens[] = "tokens_per_minute";
constexpr char kTexts[] = "texts_per_minute";

}  // namespace

const std::vector<std::string>& NetworkOptions() {
  static const std::vector<std::string>& options =
      *new std::vector<std::string>{kTimeout, kConcurrency, kRequests, kTokens, kTexts};
  return options;
}

StatusOr<int64_t> NumberOption(const ProviderConfig& config, const std::string& name,
                               int64_t absent) {
  const auto option = config.options.find(name);
  if (option == config.options.end()) return absent;
  const std::string& text = option->second;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) {
    return InvalidArgument("{} must be a whole number of at least 1", name);
  }
  return value;
}

Status CheckNetworkOptions(const ProviderConfig& config) {
  for (const std::string& name : NetworkOptions()) {
    RETURN_IF_ERROR(NumberOption(config, name, 0).status());
  }
  return OkStatus();
}

StatusOr<ModelInfo> MakeModelInfo(const ProviderParts& parts) {
  ModelInfo info;
  info.provider = parts.config.name;
  info.name = parts.entry.name;
  info.dimensions = parts.dimensions;
  info.fingerprint = fmt::format("{}/{}", parts.space, parts.entry.name);
  info.request = parts.entry.request;
  info.is_free = parts.is_free;
  info.rate = parts.entry.rate;
  const auto read = [&](const char* name, int64_t& out) -> Status {
    ASSIGN_OR_RETURN(out, NumberOption(parts.config, name, out));
    return OkStatus();
  };
  RETURN_IF_ERROR(read(kConcurrency, info.rate.max_concurrency));
  RETURN_IF_ERROR(read(kRequests, info.rate.requests_per_minute));
  RETURN_IF_ERROR(read(kTokens, info.rate.tokens_per_minute));
  RETURN_IF_ERROR(read(kTexts, info.rate.items_per_minute));
  return info;
}

}  // namespace drift
