#include "sources/delta/table_address.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "native/delta/drift_delta.h"

namespace drift::delta {
namespace {

constexpr std::string_view kSchemeEnd = "://";

StatusOr<std::string> NormalizePath(std::string_view path) {
  std::string normal = std::filesystem::path(path).lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

StatusOr<std::string> NormalizeUrl(std::string_view table, std::string_view scheme,
                                   std::string_view rest) {
  const std::string_view bucket = rest.substr(0, rest.find('/'));
  if (bucket.find('@') != std::string_view::npos) {
    return InvalidArgument(
        "{}://...: credentials do not belong into a table's address; use its "
        "storage options",
        scheme);
  }
  if (bucket.empty()) return InvalidArgument("{}: no bucket after {}://", table, scheme);
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return InvalidArgument("{}: '?' and '#' must be written %3F and %23", table);
  }
  std::string normal = fmt::format("{}://", scheme);
  for (const char c : rest) {
    if (c != '/' || !normal.ends_with('/')) normal.push_back(c);
  }
  while (normal.ends_with('/')) normal.pop_back();
  return normal;
}

}  // namespace

StatusOr<std::string> NormalizeTable(std::string_view table) {
  if (table.empty()) return InvalidArgument("the table's address is empty");
  if (table.find('\0') != std::string_view::npos) {
    return InvalidArgument("the table's address has a NUL character");
  }
  if (table.starts_with('/')) return NormalizePath(table);
  const size_t end = table.find(kSchemeEnd);
  if (end == std::string_view::npos) {
    return InvalidArgument(
        "{}: a relative path, and the daemon does not know relative to what. "
        "Write the absolute path, or a URL such as s3://bucket/path.",
        table);
  }
  std::string scheme(table.substr(0, end));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view rest = table.substr(end + kSchemeEnd.size());
  if (scheme == "s3" || scheme == "az" || scheme == "gs") return NormalizeUrl(table, scheme, rest);
  if (scheme != "file") {
    return InvalidArgument(
        "{}: unknown scheme '{}'; known are an absolute path, file, s3, az and gs", table, scheme);
  }
  if (!rest.starts_with('/')) {
    return InvalidArgument("{}: a file URL needs three slashes: file:///path", table);
  }
  return NormalizePath(rest);
}

std::vector<std::string> StorageKeys(std::string_view table) {
  const std::string scheme(table.substr(0, table.find(kSchemeEnd)));
  std::string_view rest = dk_storage_keys(scheme.c_str());
  std::vector<std::string> keys;
  while (!rest.empty()) {
    const std::string_view key = rest.substr(0, rest.find(','));
    keys.emplace_back(key);
    rest.remove_prefix(std::min(rest.size(), key.size() + 1));
  }
  return keys;
}

Status CheckStorageKeys(std::string_view table, const std::map<std::string, std::string>& storage) {
  const std::vector<std::string> known = StorageKeys(table);
  for (const auto& [key, value] : storage) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (known.empty()) {
      return InvalidArgument("{}: unknown storage option '{}'; a local table has none", table, key);
    }
    return InvalidArgument("{}: unknown storage option '{}'; known are: {}", table, key,
                           fmt::join(known, ", "));
  }
  return OkStatus();
}

}  // namespace drift::delta
