// What all providers over a network are configured with: where, with which key, for how long.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/status.h"
#include "core/catalogue.h"

namespace drift {

struct HttpSettings {
  std::string base_url;  // without a slash at its end
  SecretRef api_key;     // empty: none is sent
  std::chrono::milliseconds timeout{60'000};
};

// What a type of provider expects.
struct HttpDefaults {
  std::string_view base_url;  // empty: the user must name one
  std::string_view example;   // for the message
  bool needs_key = false;     // at its own base_url; elsewhere a key may be missing
};

// kInvalidArgument says what is wrong with base_url, api_key, or an option of NetworkOptions().
StatusOr<HttpSettings> ReadHttpSettings(const ProviderConfig& config, const HttpDefaults& defaults);

// The option's text; empty if it is not given.
std::string TextOption(const ProviderConfig& config, const std::string& name);
// Whether the option `encoding` asks for base64 (as it does when it is absent) or float.
StatusOr<bool> Base64Option(const ProviderConfig& config);

// NetworkOptions() and `more`, as a table entry needs them.
std::vector<std::string> NetworkOptionsAnd(std::vector<std::string> more);

// The key, read for each request, so that one that was changed in its file is used at once. Empty
// for an empty reference. kUnauthenticated with the remedy: it is not there.
StatusOr<Secret> ReadKey(const SecretRef& ref, std::string_view provider);

}  // namespace drift
