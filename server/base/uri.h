// URIs as the surface uses them: scheme://[user[:password]@]host[:port][/path][?key=value&...]
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/status.h"

namespace drift {

struct Uri {
  std::string scheme;  // lower case
  std::string user;    // percent-decoded, as are password, path and options
  Secret password;
  std::string host;  // without the brackets of an IPv6 address
  std::optional<uint16_t> port;
  std::string path;  // with its leading slash, empty if none
  std::map<std::string, std::string> options;

  // Without the password and without values of options whose name says they are secret and that are
  // not references; options sorted. What is stored, logged and hashed.
  std::string ToString() const;
};

// kInvalidArgument names what is wrong, never the password.
StatusOr<Uri> ParseUri(std::string_view text);

// kInvalidArgument listing the known ones when `uri` has an option that is not among `known`.
Status CheckOptions(const Uri& uri, std::initializer_list<std::string_view> known);

// Percent-decoding; kInvalidArgument for a broken escape. Percent-encoding keeps RFC 3986
// unreserved characters and those in `keep`.
StatusOr<std::string> PercentDecode(std::string_view text);
std::string PercentEncode(std::string_view text, std::string_view keep = "");

}  // namespace drift
