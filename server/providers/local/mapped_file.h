// A file's content without a copy of it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace drift::local {

// Read only; the content stays valid for as long as this lives. Movable.
class MappedFile {
 public:
  // kNotFound, kPermissionDenied, kUnavailable with the path.
  static StatusOr<MappedFile> Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MappedFile();

  std::string_view content() const { return {static_cast<const char*>(data_), size_}; }

 private:
  MappedFile(void* data, size_t size) : data_(data), size_(size) {}
  void* data_;
  size_t size_;
};

}  // namespace drift::local
