// Bulk rows in and out of PostgreSQL by COPY in its binary format.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "net/pg.h"
#include "net/pg_value.h"

namespace drift {

// Sends rows. One thread; nothing else may use the connection until Finish() or the destructor,
// which abandons the COPY by dropping the connection.
//
//   ASSIGN_OR_RETURN(PgCopyWriter copy, PgCopyWriter::Begin(
//       connection, "COPY t (id, name) FROM STDIN (FORMAT binary)", stop));
//   for (...) { RETURN_IF_ERROR(copy.Row(2)); copy.Int(id).Text(name); }
//   ASSIGN_OR_RETURN(const int64_t rows, copy.Finish());
//
// Field types are not converted by the server: an int4 column needs Int4(), not Int().
class PgCopyWriter : public PgFields<PgCopyWriter> {
 public:
  static StatusOr<PgCopyWriter> Begin(PgConnection& connection, std::string_view sql,
                                      std::stop_token stop);
  PgCopyWriter(PgCopyWriter&& other) noexcept;
  PgCopyWriter& operator=(PgCopyWriter&&) = delete;
  ~PgCopyWriter();

  // Begins a row of `columns` fields. Sends what has gathered (kPieceBytes).
  Status Row(int16_t columns);
  // Returns how many rows the server took. Errors of the data come here.
  StatusOr<int64_t> Finish();

  static constexpr size_t kPieceBytes = 256 << 10;

 private:
  friend class PgFields<PgCopyWriter>;
  PgCopyWriter(PgConnection& connection, std::stop_token stop);
  std::string& buffer() { return buffer_; }
  void OnField(PgType, bool) {}

  PgConnection* connection_;  // null: over
  std::stop_token stop_;
  std::string buffer_;
};

// Receives rows; the destructor before the end drops the connection.
//
//   ASSIGN_OR_RETURN(PgCopyReader copy, PgCopyReader::Begin(
//       connection, "COPY (SELECT id, name FROM t) TO STDOUT (FORMAT binary)", stop));
//   for (;;) {
//     ASSIGN_OR_RETURN(const bool row, copy.Next());
//     if (!row) break;
//     Use(pg_wire::ReadInt(copy.Field(0)), copy.Field(1));
//   }
class PgCopyReader {
 public:
  static StatusOr<PgCopyReader> Begin(PgConnection& connection, std::string_view sql,
                                      std::stop_token stop);
  PgCopyReader(PgCopyReader&& other) noexcept;
  PgCopyReader& operator=(PgCopyReader&&) = delete;
  ~PgCopyReader();

  // True: a row can be read. False: the end. kDataLoss: not the binary format.
  StatusOr<bool> Next();
  size_t columns() const { return fields_.size(); }
  bool IsNull(size_t column) const { return fields_[column].data() == nullptr; }
  // The bytes of a field; views live until the next Next().
  std::string_view Field(size_t column) const { return fields_[column]; }

 private:
  PgCopyReader(PgConnection& connection, std::stop_token stop);
  StatusOr<bool> ParseRow();

  PgConnection* connection_;  // null: over
  std::stop_token stop_;
  bool header_seen_ = false;
  std::string bytes_;
  std::vector<std::string_view> fields_;
};

}  // namespace drift
