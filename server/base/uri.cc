#include "base/uri.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace drift {
namespace {

bool IsSecretOption(std::string_view name) {
  return name == "password" || name == "api_key" || name.ends_with("secret") ||
         name.ends_with("token");
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

Status ParseHostPort(std::string_view text, Uri& uri) {
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return InvalidArgument("']' is missing after the address");
    uri.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else {
    const size_t colon = text.find(':');
    ASSIGN_OR_RETURN(uri.host, PercentDecode(text.substr(0, colon)));
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (port.empty()) return OkStatus();
  uint16_t number = 0;
  const char* end = port.data() + port.size();
  const auto parsed = std::from_chars(port.data() + 1, end, number);
  if (port[0] != ':' || parsed.ec != std::errc() || parsed.ptr != end || number == 0) {
    return InvalidArgument("'{}' is not a port", port.substr(1));
  }
  uri.port = number;
  return OkStatus();
}

Status ParseOptions(std::string_view text, Uri& uri) {
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return InvalidArgument("option '{}' has no value", pair);
    }
    ASSIGN_OR_RETURN(std::string name, PercentDecode(pair.substr(0, equals)));
    ASSIGN_OR_RETURN(std::string value, PercentDecode(pair.substr(equals + 1)));
    if (!uri.options.emplace(name, std::move(value)).second) {
      return InvalidArgument("option '{}' is given twice", name);
    }
  }
  return OkStatus();
}

Status ParseUserInfo(std::string_view text, Uri& uri) {
  const size_t colon = text.find(':');
  ASSIGN_OR_RETURN(uri.user, PercentDecode(text.substr(0, colon)));
  if (colon == std::string_view::npos) return OkStatus();
  ASSIGN_OR_RETURN(std::string password, PercentDecode(text.substr(colon + 1)));
  uri.password = Secret(std::move(password));
  return OkStatus();
}

bool IsWord(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalpha(c) != 0; });
}

}  // namespace

StatusOr<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return InvalidArgument("'%' must be followed by two hex digits");
    out.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return out;
}

std::string PercentEncode(std::string_view text, std::string_view keep) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || std::string_view("-._~").find(c) != std::string_view::npos ||
        keep.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

StatusOr<Uri> ParseUri(std::string_view text) {
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) {
    const size_t single = text.find(':');
    if (single == 0 || single == std::string_view::npos || !IsWord(text.substr(0, single))) {
      return InvalidArgument("a URI starts with scheme://");
    }
    return InvalidArgument(
        "a URI starts with scheme://, and a file's with three slashes and its absolute path: "
        "{}:///path",
        text.substr(0, single));
  }
  Uri uri;
  for (const char c : text.substr(0, colon)) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '+' && c != '-' && c != '.') {
      return InvalidArgument("a URI starts with scheme://");
    }
    uri.scheme.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  std::string_view rest = text.substr(colon + 3);
  if (const size_t hash = rest.find('#'); hash != std::string_view::npos) {
    return InvalidArgument("'#' has no meaning here; write %23");
  }
  const size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    RETURN_IF_ERROR(ParseOptions(rest.substr(question + 1), uri));
    rest = rest.substr(0, question);
  }
  const size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    ASSIGN_OR_RETURN(uri.path, PercentDecode(rest.substr(slash)));
    rest = rest.substr(0, slash);
  }
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    RETURN_IF_ERROR(ParseUserInfo(rest.substr(0, at), uri));
    rest = rest.substr(at + 1);
  }
  RETURN_IF_ERROR(ParseHostPort(rest, uri));
  return uri;
}

std::string Uri::ToString() const {
  std::string out = scheme + "://";
  if (!user.empty()) out += PercentEncode(user) + "@";
  out += host.find(':') == std::string::npos ? PercentEncode(host) : "[" + host + "]";
  if (port) out += fmt::format(":{}", *port);
  out += PercentEncode(path, "/:@!$&'()*+,;=");
  char separator = '?';
  for (const auto& [name, value] : options) {
    if (IsSecretOption(name) && !CheckSecretRef(value).ok()) continue;
    out += separator + PercentEncode(name) + "=" + PercentEncode(value, "/:");
    separator = '&';
  }
  return out;
}

Status CheckOptions(const Uri& uri, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : uri.options) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const std::string_view option : known) {
      if (!list.empty()) list += ", ";
      list += option;
    }
    return InvalidArgument("unknown option '{}'; known for {}: {}", name, uri.scheme, list);
  }
  return OkStatus();
}

}  // namespace drift
