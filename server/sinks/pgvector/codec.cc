#include "sinks/pgvector/codec.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/encoding.h"
#include "sinks/payload_json.h"

namespace drift::pgvector {
namespace {

constexpr int16_t kColumnCount = 13;
constexpr size_t kHeaderBytes = 4;

uint32_t Swap(uint32_t value) {
  static_assert(std::endian::native == std::endian::little);
  return __builtin_bswap32(value);
}

std::string_view AsText(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Sha256Digest ReadDigest(std::string_view hex) {
  Sha256Digest digest{};
  const auto bytes = HexDecode(hex);
  if (bytes.ok() && bytes->size() == digest.size()) {
    std::copy(bytes->begin(), bytes->end(), digest.begin());
  }
  return digest;
}

}  // namespace

void AppendVector(std::string& out, const Vector& vector) {
  pg_wire::Int2(out, static_cast<int16_t>(vector.size()));
  pg_wire::Int2(out, 0);
  const size_t place = out.size();
  out.resize(place + vector.size() * sizeof(float));
  char* to = out.data() + place;
  for (const float value : vector.values()) {
    const uint32_t bits = Swap(std::bit_cast<uint32_t>(value));
    std::memcpy(to, &bits, sizeof(bits));
    to += sizeof(bits);
  }
}

Vector ReadVector(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return {};
  const auto size = static_cast<size_t>(pg_wire::ReadInt(bytes.substr(0, 2)));
  bytes.remove_prefix(kHeaderBytes);
  if (bytes.size() != size * sizeof(float)) return {};
  std::vector<float> values(size);
  for (size_t i = 0; i < size; ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, bytes.data() + i * sizeof(bits), sizeof(bits));
    values[i] = std::bit_cast<float>(Swap(bits));
  }
  return Vector(std::move(values));
}

Status CopyPoint(const std::string& source, const Point& point, PgCopyWriter& copy) {
  RETURN_IF_ERROR(copy.Row(kColumnCount));
  copy.Id(point.id)
      .Put(PgType::kUnknown, [&](std::string& out) { AppendVector(out, point.vector); })
      .Json(point.key)
      .Int4(point.chunk)
      .Text(source)
      .Int(point.guard.version)
      .Int4(point.guard.revision)
      .Text(point.run_id)
      .Text(point.model)
      .Text(HexEncode(AsText(point.text_sha256)))
      .Time(point.embedded_at)
      .Json(PayloadJson(point.payload));
  point.text ? copy.Text(*point.text) : copy.Null(PgType::kText);
  return OkStatus();
}

std::string PointColumns(const std::string& embedding) {
  return fmt::format(
      "{}, id, key, chunk, source_version, revision, run_id, model, text_sha256, embedded_at, "
      "payload, text",
      embedding);
}

Point ReadPoint(const PgResult& rows, int row) {
  int column = 0;
  Point point;
  point.vector = ReadVector(rows.Bytes(row, column));
  point.id = rows.Id(row, ++column);
  point.key = CanonicalKeyFromJson(rows.Json(row, ++column));
  point.chunk = static_cast<int32_t>(rows.Int(row, ++column));
  point.guard.version = rows.Int(row, ++column);
  point.guard.revision = static_cast<int32_t>(rows.Int(row, ++column));
  point.run_id = rows.String(row, ++column);
  point.model = rows.String(row, ++column);
  point.text_sha256 = ReadDigest(rows.Text(row, ++column));
  point.embedded_at = rows.Time(row, ++column);
  // What a user put there by hand may be no object: the next write puts it right.
  if (auto payload = PayloadFromJson(rows.Json(row, ++column)); payload.ok()) {
    point.payload = *std::move(payload);
  }
  if (!rows.IsNull(row, ++column)) point.text = rows.String(row, column);
  return point;
}

PointHead ReadHead(const PgResult& rows, int row) {
  int column = 0;
  PointHead head;
  head.id = rows.Id(row, column);
  head.key = CanonicalKeyFromJson(rows.Json(row, ++column));
  head.chunk = static_cast<int32_t>(rows.Int(row, ++column));
  head.guard.version = rows.Int(row, ++column);
  head.guard.revision = static_cast<int32_t>(rows.Int(row, ++column));
  head.model = rows.String(row, ++column);
  head.text_sha256 = ReadDigest(rows.Text(row, ++column));
  return head;
}

}  // namespace drift::pgvector
