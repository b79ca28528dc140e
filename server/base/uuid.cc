#include "base/uuid.h"

#include <algorithm>
#include <cstring>

#include "base/encoding.h"
#include "base/hash.h"

namespace drift {
namespace {

constexpr size_t kTextSize = 36;
constexpr std::array<size_t, 4> kDashes = {8, 13, 18, 23};

}  // namespace

std::string Uuid::ToString() const {
  std::string text = HexEncode(view());
  for (size_t at : kDashes) text.insert(at, 1, '-');
  return text;
}

StatusOr<Uuid> ParseUuid(std::string_view text) {
  const auto bad = [&] { return InvalidArgument("'{}' is not a UUID", text); };
  if (text.size() != kTextSize) return bad();
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = std::find(kDashes.begin(), kDashes.end(), i) != kDashes.end();
    if (dash != (text[i] == '-')) return bad();
    if (!dash) digits.push_back(text[i]);
  }
  auto bytes = HexDecode(digits);
  if (!bytes.ok()) return bad();
  return UuidFromBytes(*bytes);
}

Uuid UuidFromBytes(std::string_view bytes) {
  Uuid id;
  std::memcpy(id.bytes.data(), bytes.data(), id.bytes.size());
  return id;
}

Uuid UuidV5(const Uuid& name_space, std::string_view name) {
  std::string input(name_space.view());
  input.append(name);
  const Sha1Digest digest = Sha1(input);
  Uuid id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  id.bytes[6] = (id.bytes[6] & 0x0f) | 0x50;
  id.bytes[8] = (id.bytes[8] & 0x3f) | 0x80;
  return id;
}

size_t UuidHash::operator()(const Uuid& id) const {
  size_t out;
  std::memcpy(&out, id.bytes.data(), sizeof(out));
  return out;
}

}  // namespace drift
