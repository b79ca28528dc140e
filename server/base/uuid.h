// RFC 9562 UUIDs.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace drift {

struct Uuid {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;

  // 8-4-4-4-12 lower-case hex digits.
  std::string ToString() const;
  // The 16 bytes as they are stored.
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

// kInvalidArgument unless `text` has the form ToString() gives; upper case is read too.
StatusOr<Uuid> ParseUuid(std::string_view text);

// REQUIRES: bytes.size() == 16.
Uuid UuidFromBytes(std::string_view bytes);

// Version 5: SHA-1 of namespace and name.
Uuid UuidV5(const Uuid& name_space, std::string_view name);

struct UuidHash {
  size_t operator()(const Uuid& id) const;
};

}  // namespace drift
