// Keys of a window that are too many for memory, split by hash into parts on disk that are each
// small enough. The file is unlinked at once: it is gone with the process.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace drift {

// One thread. Add() everything, Seal(), then read the parts.
class KeySpill {
 public:
  static constexpr size_t kParts = 256;

  // `folder`: where the temporary file is made, e.g. the value of TMPDIR.
  // kUnavailable: the file cannot be made there.
  static StatusOr<KeySpill> Make(const std::string& folder);
  KeySpill(KeySpill&& other) noexcept;
  KeySpill& operator=(KeySpill&& other) noexcept;
  ~KeySpill();

  // `tag` is the caller's, read back with the key. kResourceExhausted DISK_FULL: no room left.
  Status Add(std::string_view key, uint64_t hash, uint8_t tag);
  // All is added: what is still in memory goes to the file too. Codes of Add().
  Status Seal();
  int64_t size() const { return size_; }

  // Calls `visit(key, tag)` for all of one part, in the order they were added. REQUIRES: Seal().
  // Equal keys are always in the same part; the same hash means the same part in every KeySpill.
  Status Read(size_t part, const std::function<void(std::string_view key, uint8_t tag)>& visit);

 private:
  struct Block {
    int64_t offset;
    size_t size;
  };
  struct Part {
    std::string buffer;
    std::vector<Block> blocks;
  };
  explicit KeySpill(int fd) : fd_(fd), parts_(kParts) {}
  Status Flush(Part& part);

  int fd_;
  int64_t end_ = 0;
  int64_t size_ = 0;
  std::vector<Part> parts_;
};

}  // namespace drift
