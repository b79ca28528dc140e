#include "client/input.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

namespace drift::client {

bool ReadInput(Session& session, const std::string& path, std::string& text) {
  if (path == "-") {
    text.assign(std::istreambuf_iterator<char>(session.host().in), {});
  } else {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::ostringstream all;
    if (file) all << file.rdbuf();
    if (errno != 0) {
      session.Fail(kExitUsage, fmt::format("{}: {}", path, std::strerror(errno)));
      return false;
    }
    text = std::move(all).str();
  }
  if (text.empty()) session.Fail(kExitUsage, fmt::format("{}: is empty", path));
  return !text.empty();
}

}  // namespace drift::client
