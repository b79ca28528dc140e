// Values in PostgreSQL's binary format: parameters of statements, arrays, fields of COPY. All
// integers of the wire are big endian.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/uuid.h"

namespace drift {

// Object ids of built-in types (pg_type.dat), the same in every server. kUnknown: the server
// infers.
enum class PgType : uint32_t {
  kUnknown = 0,
  kBool = 16,
  kBytes = 17,  // bytea
  kInt8 = 20,
  kInt4 = 23,
  kText = 25,
  kFloat8 = 701,
  kTimestamp = 1184,  // timestamptz
  kUuid = 2950,
  kJson = 3802,  // jsonb
};

// Appends the bytes of one value, without its length. What the other classes are made of, and what
// codecs of a type of one's own may use.
namespace pg_wire {
void Int2(std::string& out, int16_t value);
void Int4(std::string& out, int32_t value);
void Int8(std::string& out, int64_t value);
void Real(std::string& out, double value);
void Timestamp(std::string& out, WallTime value);
void Json(std::string& out, std::string_view text);
// A length prefix to be filled in by EndField once the bytes after it are there. Returns its place.
size_t BeginField(std::string& out);
void EndField(std::string& out, size_t place);
// A NULL field.
void NullField(std::string& out);

int64_t ReadInt(std::string_view bytes);  // of 2, 4 or 8 bytes
double ReadReal(std::string_view bytes);  // of 4 or 8 bytes
WallTime ReadTimestamp(std::string_view bytes);
}  // namespace pg_wire

// Appends fields, each with its length; Self is told of each. Text is UTF-8 without NUL bytes, or
// the server refuses it with kInvalidArgument.
template <typename Self>
class PgFields {
 public:
  Self& Bool(bool value) {
    return Put(PgType::kBool, [&](std::string& out) { out.push_back(value ? 1 : 0); });
  }
  Self& Int(int64_t value) {
    return Put(PgType::kInt8, [&](std::string& out) { pg_wire::Int8(out, value); });
  }
  Self& Int4(int32_t value) {
    return Put(PgType::kInt4, [&](std::string& out) { pg_wire::Int4(out, value); });
  }
  Self& Real(double value) {
    return Put(PgType::kFloat8, [&](std::string& out) { pg_wire::Real(out, value); });
  }
  Self& Text(std::string_view value) { return Raw(PgType::kText, value); }
  Self& Bytes(std::string_view value) { return Raw(PgType::kBytes, value); }
  Self& Id(const Uuid& value) { return Raw(PgType::kUuid, value.view()); }
  Self& Time(WallTime value) {
    return Put(PgType::kTimestamp, [&](std::string& out) { pg_wire::Timestamp(out, value); });
  }
  Self& Json(std::string_view text) {
    return Put(PgType::kJson, [&](std::string& out) { pg_wire::Json(out, text); });
  }
  // Bytes already in the type's binary format.
  Self& Raw(PgType type, std::string_view bytes) {
    return Put(type, [&](std::string& out) { out.append(bytes); });
  }
  // `encode(std::string& out)` appends the value's bytes in place: for large values.
  template <typename Encode>
  Self& Put(PgType type, Encode encode) {
    Self& self = static_cast<Self&>(*this);
    self.OnField(type, false);
    const size_t place = pg_wire::BeginField(self.buffer());
    encode(self.buffer());
    pg_wire::EndField(self.buffer(), place);
    return self;
  }
  Self& Null(PgType type) {
    Self& self = static_cast<Self&>(*this);
    self.OnField(type, true);
    pg_wire::NullField(self.buffer());
    return self;
  }
};

// A one-dimensional array: for unnest($1) and = ANY($1). All elements have the type given.
class PgArray : public PgFields<PgArray> {
 public:
  explicit PgArray(PgType element) : element_(element) {}

  size_t size() const { return size_; }
  PgType type() const;  // of the array
  std::string Encode() const;

 private:
  friend class PgFields<PgArray>;
  std::string& buffer() { return buffer_; }
  void OnField(PgType, bool null) {
    ++size_;
    has_null_ |= null;
  }

  const PgType element_;
  std::string buffer_;
  size_t size_ = 0;
  bool has_null_ = false;
};

// The parameters $1, $2, ... of a statement, in order.
class PgParams : public PgFields<PgParams> {
 public:
  PgParams& Array(const PgArray& array) { return Raw(array.type(), array.Encode()); }

  size_t size() const { return fields_.size(); }
  PgType type(size_t index) const { return fields_[index].type; }
  bool is_null(size_t index) const { return fields_[index].null; }
  std::string_view bytes(size_t index) const;

 private:
  friend class PgFields<PgParams>;
  struct Field {
    PgType type;
    bool null;
    size_t place;  // of its length prefix
  };
  std::string& buffer() { return buffer_; }
  void OnField(PgType type, bool null) { fields_.push_back({type, null, buffer_.size()}); }

  std::string buffer_;
  std::vector<Field> fields_;
};

}  // namespace drift
