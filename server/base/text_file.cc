#include "base/text_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

namespace drift {
namespace {

Status FromErrno(const std::string& path) {
  const int error = errno;
  const char* what = std::strerror(error);
  if (error == ENOENT) return NotFound("{}: {}", path, what);
  if (error == EACCES) return PermissionDenied("{}: {}", path, what);
  return Unavailable("{}: {}", path, what);
}

}  // namespace

StatusOr<std::string> ReadTextFile(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return FromErrno(path);
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad() || errno == EISDIR) return FromErrno(path);
  return std::move(text).str();
}

Status WriteTextFile(const std::string& path, std::string_view text) {
  const std::string part = path + ".part";
  {
    errno = 0;
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.flush();
    if (!out) return FromErrno(part);
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) return FromErrno(path);
  return OkStatus();
}

}  // namespace drift
