#include "sinks/sqlite/config.h"

#include <cctype>
#include <filesystem>

#include "base/utf8.h"

namespace drift::sqlite {
namespace {

constexpr std::string_view kExample = "sqlite:///absolute/path/index.db?collection=docs";

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (size_t i = 0; i < prefix.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[i])) != prefix[i]) return false;
  }
  return true;
}

Status CheckCollection(const Uri& uri) {
  constexpr size_t kMaxBytes = 255;
  const auto option = uri.options.find("collection");
  if (option == uri.options.end() || option->second.empty()) {
    return InvalidArgument("option 'collection' is missing; write {}", kExample);
  }
  const std::string& name = option->second;
  if (name.size() > kMaxBytes || !IsUtf8(name) || name.find('\0') != std::string::npos) {
    return InvalidArgument("a collection's name is UTF-8 text of at most {} bytes without NUL",
                           kMaxBytes);
  }
  for (const std::string_view prefix : {"sqlite_", "drift_"}) {
    if (!StartsWithIgnoringCase(name, prefix)) continue;
    return InvalidArgument("a collection's name does not start with '{}', which is taken", prefix);
  }
  return OkStatus();
}

}  // namespace

std::string Config::Name() const {
  return fmt::format("collection {} in {}", collection, path);
}

Status CheckUri(const Uri& uri) {
  RETURN_IF_ERROR(CheckOptions(uri, {"collection"}));
  if (!uri.host.empty() || !uri.path.starts_with('/')) {
    return InvalidArgument("the path of a SQLite file is absolute, with three slashes: {}",
                           kExample);
  }
  if (!uri.user.empty() || !uri.password.empty() || uri.port) {
    return InvalidArgument("a SQLite file has no user, password or port; write {}", kExample);
  }
  if (uri.path.ends_with('/') || uri.path.find('\0') != std::string::npos) {
    return InvalidArgument("the path does not name a file; write {}", kExample);
  }
  return CheckCollection(uri);
}

Uri NormalizeUri(Uri uri) {
  uri.path = std::filesystem::path(uri.path).lexically_normal().string();
  return uri;
}

StatusOr<Config> ReadConfig(const Uri& uri) {
  RETURN_IF_ERROR(CheckUri(uri));
  return Config{NormalizeUri(uri).path, uri.options.at("collection")};
}

}  // namespace drift::sqlite
