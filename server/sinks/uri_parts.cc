#include "sinks/uri_parts.h"

#include <charconv>

namespace drift {
namespace {

const std::string* Option(const Uri& uri, std::string_view name) {
  const auto option = uri.options.find(std::string(name));
  return option == uri.options.end() ? nullptr : &option->second;
}

bool LooksLikeReference(std::string_view text) {
  return text.starts_with("env:") || text.starts_with("file:");
}

}  // namespace

Status CheckSecretOption(const Uri& uri, std::string_view name) {
  const std::string* value = Option(uri, name);
  if (value == nullptr) return OkStatus();
  if (value->empty()) return InvalidArgument("option '{}' is empty; write {}=env:NAME", name, name);
  if (!LooksLikeReference(*value)) return OkStatus();
  return Annotate(CheckSecretRef(*value), fmt::format("option '{}'", name));
}

StatusOr<Secret> SecretOption(const Uri& uri, std::string_view name) {
  const std::string* value = Option(uri, name);
  if (value == nullptr) return Secret();
  if (!LooksLikeReference(*value)) return Secret(*value);
  auto secret = ReadSecret(SecretRef{*value});
  if (!secret.ok()) return Annotate(secret.status(), fmt::format("option '{}'", name));
  return secret;
}

StatusOr<int> NumberOption(const Uri& uri, std::string_view name, int otherwise, int least,
                           int most) {
  const std::string* value = Option(uri, name);
  if (value == nullptr) return otherwise;
  int number = 0;
  const char* end = value->data() + value->size();
  const auto parsed = std::from_chars(value->data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number < least || number > most) {
    return InvalidArgument("option '{}' is a whole number from {} to {}", name, least, most);
  }
  return number;
}

StatusOr<std::chrono::seconds> TimeoutOption(const Uri& uri, std::chrono::seconds otherwise) {
  constexpr int kMostSecs = 3600;
  ASSIGN_OR_RETURN(
      const int seconds,
      NumberOption(uri, "timeout_secs", static_cast<int>(otherwise.count()), 1, kMostSecs));
  return std::chrono::seconds(seconds);
}

StatusOr<bool> IndexOption(const Uri& uri) {
  const std::string* value = Option(uri, "index");
  if (value == nullptr || *value == "hnsw") return true;
  if (*value == "none") return false;
  return InvalidArgument("option 'index' is hnsw or none");
}

Status CheckAbsoluteOption(const Uri& uri, std::string_view name) {
  const std::string* value = Option(uri, name);
  if (value == nullptr || value->starts_with('/')) return OkStatus();
  return InvalidArgument("option '{}' must be an absolute path", name);
}

}  // namespace drift
