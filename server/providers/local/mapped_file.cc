#include "providers/local/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace drift::local {
namespace {

Status FromErrno(const std::string& path, int error) {
  const char* what = std::strerror(error);
  if (error == ENOENT || error == ENOTDIR) return NotFound("{}: {}", path, what);
  if (error == EACCES) return PermissionDenied("{}: {}", path, what);
  return Unavailable("{}: {}", path, what);
}

}  // namespace

StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(path, errno);
  struct stat info {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return Unavailable("{}: is no regular file", path);
  }
  const auto size = static_cast<size_t>(info.st_size);
  // Nothing can be mapped of an empty file.
  void* data = size == 0 ? nullptr : mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int error = errno;
  close(fd);
  if (data == MAP_FAILED) return FromErrno(path, error);
  return MappedFile(data, size);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace drift::local
