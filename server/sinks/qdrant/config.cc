#include "sinks/qdrant/config.h"

#include "sinks/uri_parts.h"

namespace drift::qdrant {
namespace {

constexpr std::string_view kExample = "qdrant://host:6334/collection";

// The server's own rule, told before anything is sent.
Status CheckCollectionName(std::string_view name) {
  constexpr size_t kMaxBytes = 255;
  if (name.empty() || name == "." || name == "..") {
    return InvalidArgument("the collection is missing; write {}", kExample);
  }
  if (name.size() > kMaxBytes) {
    return InvalidArgument("the collection's name is longer than {} bytes", kMaxBytes);
  }
  constexpr std::string_view kForbidden("<>:\"/\\|?*\0\x1F", 11);
  if (!IsUtf8(name) || name.find_first_of(kForbidden) != std::string_view::npos) {
    return InvalidArgument(
        "a Qdrant collection's name is UTF-8 text without any of < > : \" / \\ | ? * or control "
        "characters");
  }
  return OkStatus();
}

std::string_view CollectionName(const Uri& uri) {
  std::string_view path = uri.path;
  if (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

Status CheckPort(const Uri& uri) {
  if (uri.port != kRestPort) return OkStatus();
  return InvalidArgument("port {} is Qdrant's REST port; gRPC listens on {}", kRestPort, kGrpcPort);
}

}  // namespace

std::string Config::Server() const {
  return fmt::format("qdrant at {}:{}", host, port);
}

Status CheckUri(const Uri& uri) {
  RETURN_IF_ERROR(CheckOptions(uri, {"api_key", "ca_file", "timeout_secs", "index"}));
  if (uri.host.empty()) return InvalidArgument("the host is missing; write {}", kExample);
  if (!uri.user.empty() || !uri.password.empty()) {
    return InvalidArgument("Qdrant knows no users; write ?api_key=env:QDRANT_API_KEY");
  }
  RETURN_IF_ERROR(CheckPort(uri));
  RETURN_IF_ERROR(CheckCollectionName(CollectionName(uri)));
  RETURN_IF_ERROR(CheckAbsoluteOption(uri, "ca_file"));
  if (uri.scheme == "qdrant" && uri.options.contains("ca_file")) {
    return InvalidArgument("option 'ca_file' needs TLS: write qdrants://");
  }
  RETURN_IF_ERROR(CheckSecretOption(uri, "api_key"));
  RETURN_IF_ERROR(IndexOption(uri).status());
  return TimeoutOption(uri, {}).status();
}

Uri NormalizeUri(Uri uri) {
  if (!uri.port) uri.port = kGrpcPort;
  return uri;
}

StatusOr<Config> ReadConfig(const Uri& uri) {
  RETURN_IF_ERROR(CheckUri(uri));
  Config config;
  config.host = uri.host;
  config.port = uri.port.value_or(kGrpcPort);
  config.tls = uri.scheme == "qdrants";
  config.collection = CollectionName(uri);
  ASSIGN_OR_RETURN(config.api_key, SecretOption(uri, "api_key"));
  if (const auto ca = uri.options.find("ca_file"); ca != uri.options.end()) {
    config.ca_file = ca->second;
  }
  ASSIGN_OR_RETURN(config.timeout, TimeoutOption(uri, config.timeout));
  ASSIGN_OR_RETURN(config.vector_index, IndexOption(uri));
  return config;
}

}  // namespace drift::qdrant
