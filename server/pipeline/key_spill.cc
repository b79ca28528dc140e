#include "pipeline/key_spill.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/reasons.h"

namespace drift {
namespace {

constexpr size_t kBufferBytes = 16 << 10;  // per part: 4 MiB in all

Status FileError(std::string_view act) {
  const int error = errno;
  if (error == ENOSPC || error == EDQUOT) {
    return WithReason(ResourceExhausted("{} the temporary file of keys: no space left", act),
                      reason::kDiskFull);
  }
  return Unavailable("{} the temporary file of keys: {}", act, std::strerror(error));
}

}  // namespace

StatusOr<KeySpill> KeySpill::Make(const std::string& folder) {
  std::string path = folder + "/drift-keys-XXXXXX";
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return FileError("making");
  unlink(path.c_str());
  return KeySpill(fd);
}

KeySpill::KeySpill(KeySpill&& other) noexcept
    : fd_(other.fd_), end_(other.end_), size_(other.size_), parts_(std::move(other.parts_)) {
  other.fd_ = -1;
}

KeySpill& KeySpill::operator=(KeySpill&& other) noexcept {
  std::swap(fd_, other.fd_);  // closed with `other`
  end_ = other.end_;
  size_ = other.size_;
  parts_ = std::move(other.parts_);
  return *this;
}

KeySpill::~KeySpill() {
  if (fd_ >= 0) close(fd_);
}

Status KeySpill::Add(std::string_view key, uint64_t hash, uint8_t tag) {
  Part& part = parts_[hash >> 56];
  part.buffer.reserve(kBufferBytes);
  const auto length = static_cast<uint32_t>(key.size());
  if (part.buffer.size() + sizeof(length) + 1 + key.size() > kBufferBytes) {
    RETURN_IF_ERROR(Flush(part));
  }
  part.buffer.append(reinterpret_cast<const char*>(&length), sizeof(length));
  part.buffer.push_back(static_cast<char>(tag));
  part.buffer.append(key);
  ++size_;
  return OkStatus();
}

Status KeySpill::Seal() {
  for (Part& part : parts_) {
    RETURN_IF_ERROR(Flush(part));
    std::string().swap(part.buffer);  // assigning an empty one would keep the memory
  }
  return OkStatus();
}

Status KeySpill::Flush(Part& part) {
  if (part.buffer.empty()) return OkStatus();
  size_t done = 0;
  while (done < part.buffer.size()) {
    const ssize_t wrote = pwrite(fd_, part.buffer.data() + done, part.buffer.size() - done,
                                 end_ + static_cast<int64_t>(done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return FileError("writing");
    done += static_cast<size_t>(wrote);
  }
  part.blocks.push_back({end_, part.buffer.size()});
  end_ += static_cast<int64_t>(part.buffer.size());
  part.buffer.clear();
  return OkStatus();
}

Status KeySpill::Read(size_t index,
                      const std::function<void(std::string_view key, uint8_t tag)>& visit) {
  Part& part = parts_[index];
  std::string bytes;
  for (const Block& block : part.blocks) {
    bytes.resize(block.size);
    size_t done = 0;
    while (done < block.size) {
      const ssize_t got = pread(fd_, bytes.data() + done, block.size - done,
                                block.offset + static_cast<int64_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return FileError("reading");
      done += static_cast<size_t>(got);
    }
    std::string_view left = bytes;  // a block holds whole entries
    while (!left.empty()) {
      uint32_t length;
      std::memcpy(&length, left.data(), sizeof(length));
      const auto tag = static_cast<uint8_t>(left[sizeof(length)]);
      left.remove_prefix(sizeof(length) + 1);
      visit(left.substr(0, length), tag);
      left.remove_prefix(length);
    }
  }
  return OkStatus();
}

}  // namespace drift
