#include "net/pg_value.h"

#include <bit>
#include <cstring>

namespace drift {
namespace {

// Microseconds between 1970-01-01 and 2000-01-01, where PostgreSQL's times begin.
constexpr int64_t kEpochMicros = 946'684'800'000'000;
constexpr size_t kLengthBytes = 4;
constexpr char kJsonbVersion = 1;

template <typename Unsigned>
void AppendBigEndian(std::string& out, Unsigned value) {
  char bytes[sizeof(Unsigned)];
  for (size_t i = 0; i < sizeof(Unsigned); ++i) {
    bytes[sizeof(Unsigned) - 1 - i] = static_cast<char>(value >> (8 * i));
  }
  out.append(bytes, sizeof(bytes));
}

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

PgType ArrayOf(PgType element) {
  switch (element) {
    case PgType::kBool:
      return PgType{1000};
    case PgType::kBytes:
      return PgType{1001};
    case PgType::kInt4:
      return PgType{1007};
    case PgType::kText:
      return PgType{1009};
    case PgType::kInt8:
      return PgType{1016};
    case PgType::kFloat8:
      return PgType{1022};
    case PgType::kTimestamp:
      return PgType{1185};
    case PgType::kUuid:
      return PgType{2951};
    case PgType::kJson:
      return PgType{3807};
    case PgType::kUnknown:
      break;
  }
  return PgType::kUnknown;
}

}  // namespace

namespace pg_wire {

void Int2(std::string& out, int16_t value) {
  AppendBigEndian(out, static_cast<uint16_t>(value));
}

void Int4(std::string& out, int32_t value) {
  AppendBigEndian(out, static_cast<uint32_t>(value));
}

void Int8(std::string& out, int64_t value) {
  AppendBigEndian(out, static_cast<uint64_t>(value));
}

void Real(std::string& out, double value) {
  AppendBigEndian(out, std::bit_cast<uint64_t>(value));
}

void Timestamp(std::string& out, WallTime value) {
  Int8(out, value.time_since_epoch().count() - kEpochMicros);
}

void Json(std::string& out, std::string_view text) {
  out.push_back(kJsonbVersion);
  out.append(text);
}

size_t BeginField(std::string& out) {
  const size_t place = out.size();
  out.append(kLengthBytes, '\0');
  return place;
}

void EndField(std::string& out, size_t place) {
  const auto length = static_cast<uint32_t>(out.size() - place - kLengthBytes);
  for (size_t i = 0; i < kLengthBytes; ++i) {
    out[place + i] = static_cast<char>(length >> (8 * (kLengthBytes - 1 - i)));
  }
}

void NullField(std::string& out) {
  Int4(out, -1);
}

int64_t ReadInt(std::string_view bytes) {
  const uint64_t value = ReadBigEndian(bytes);
  if (bytes.size() == sizeof(int16_t)) return static_cast<int16_t>(value);
  if (bytes.size() == sizeof(int32_t)) return static_cast<int32_t>(value);
  return static_cast<int64_t>(value);
}

double ReadReal(std::string_view bytes) {
  const uint64_t value = ReadBigEndian(bytes);
  if (bytes.size() == sizeof(float)) return std::bit_cast<float>(static_cast<uint32_t>(value));
  return std::bit_cast<double>(value);
}

WallTime ReadTimestamp(std::string_view bytes) {
  return WallTime(std::chrono::microseconds(ReadInt(bytes) + kEpochMicros));
}

}  // namespace pg_wire

PgType PgArray::type() const {
  return ArrayOf(element_);
}

std::string PgArray::Encode() const {
  std::string out;
  out.reserve(buffer_.size() + 5 * sizeof(int32_t));
  pg_wire::Int4(out, size_ == 0 ? 0 : 1);  // dimensions
  pg_wire::Int4(out, has_null_ ? 1 : 0);
  pg_wire::Int4(out, static_cast<int32_t>(element_));
  if (size_ == 0) return out;
  pg_wire::Int4(out, static_cast<int32_t>(size_));
  pg_wire::Int4(out, 1);  // index of the first element
  out.append(buffer_);
  return out;
}

std::string_view PgParams::bytes(size_t index) const {
  const size_t begin = fields_[index].place + kLengthBytes;
  const size_t end = index + 1 < fields_.size() ? fields_[index + 1].place : buffer_.size();
  return std::string_view(buffer_).substr(begin, end - begin);
}

}  // namespace drift
