#include "net/pg_copy.h"

#include <utility>

namespace drift {
namespace {

// PostgreSQL manual, COPY, "Binary Format".
constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr size_t kHeaderBytes = kSignature.size() + 8;  // flags, length of the extension
constexpr int16_t kTrailer = -1;

// Takes an integer of `size` bytes off the front; false when there are not so many.
bool TakeInt(std::string_view& bytes, size_t size, int64_t& out) {
  if (bytes.size() < size) return false;
  out = pg_wire::ReadInt(bytes.substr(0, size));
  bytes.remove_prefix(size);
  return true;
}

}  // namespace

StatusOr<PgCopyWriter> PgCopyWriter::Begin(PgConnection& connection, std::string_view sql,
                                           std::stop_token stop) {
  RETURN_IF_ERROR(connection.StartCopy(sql, /*in=*/true, stop));
  return PgCopyWriter(connection, std::move(stop));
}

PgCopyWriter::PgCopyWriter(PgConnection& connection, std::stop_token stop)
    : connection_(&connection), stop_(std::move(stop)) {
  buffer_.reserve(kPieceBytes + kPieceBytes / 4);
  buffer_.append(kSignature);
  buffer_.append(kHeaderBytes - kSignature.size(), '\0');
}

PgCopyWriter::PgCopyWriter(PgCopyWriter&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)),
      stop_(std::move(other.stop_)),
      buffer_(std::move(other.buffer_)) {}

PgCopyWriter::~PgCopyWriter() {
  if (connection_ != nullptr) connection_->Close();
}

Status PgCopyWriter::Row(int16_t columns) {
  if (buffer_.size() >= kPieceBytes) {
    RETURN_IF_ERROR(connection_->SendCopy(buffer_, stop_));
    buffer_.clear();
  }
  pg_wire::Int2(buffer_, columns);
  return OkStatus();
}

StatusOr<int64_t> PgCopyWriter::Finish() {
  pg_wire::Int2(buffer_, kTrailer);
  RETURN_IF_ERROR(connection_->SendCopy(buffer_, stop_));
  // Whatever comes now, the COPY is over and the connection as EndCopy leaves it.
  PgConnection& connection = *std::exchange(connection_, nullptr);
  ASSIGN_OR_RETURN(const PgResult result, connection.EndCopy(stop_));
  return result.affected();
}

StatusOr<PgCopyReader> PgCopyReader::Begin(PgConnection& connection, std::string_view sql,
                                           std::stop_token stop) {
  RETURN_IF_ERROR(connection.StartCopy(sql, /*in=*/false, stop));
  return PgCopyReader(connection, std::move(stop));
}

PgCopyReader::PgCopyReader(PgConnection& connection, std::stop_token stop)
    : connection_(&connection), stop_(std::move(stop)) {}

PgCopyReader::PgCopyReader(PgCopyReader&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)),
      stop_(std::move(other.stop_)),
      header_seen_(other.header_seen_),
      bytes_(std::move(other.bytes_)) {}

PgCopyReader::~PgCopyReader() {
  if (connection_ != nullptr) connection_->Close();
}

StatusOr<bool> PgCopyReader::Next() {
  fields_.clear();
  while (connection_ != nullptr) {
    auto more = connection_->ReadCopy(bytes_, stop_);
    // At the end and after an error of the server the connection is between calls again.
    if (!more.ok() || !*more) connection_ = nullptr;
    if (!more.ok()) return more.status();
    if (!*more) return false;
    ASSIGN_OR_RETURN(const bool row, ParseRow());
    if (row) return true;
  }
  return false;
}

// One message holds one row; the header comes with the first, the trailer by itself.
StatusOr<bool> PgCopyReader::ParseRow() {
  const Status broken =
      DataLoss("{}: COPY sent what is not its binary format", connection_->name());
  std::string_view rest = bytes_;
  int64_t number = 0;
  if (!header_seen_) {
    if (!rest.starts_with(kSignature) || rest.size() < kHeaderBytes) return broken;
    rest.remove_prefix(kHeaderBytes - 4);
    if (!TakeInt(rest, 4, number) || number < 0 || static_cast<size_t>(number) > rest.size()) {
      return broken;
    }
    rest.remove_prefix(static_cast<size_t>(number));
    header_seen_ = true;
    if (rest.empty()) return false;
  }
  if (!TakeInt(rest, 2, number)) return broken;
  if (number == kTrailer) return false;
  for (int64_t left = number; left > 0; --left) {
    int64_t length = 0;
    if (!TakeInt(rest, 4, length) || length > static_cast<int64_t>(rest.size())) return broken;
    const auto size = static_cast<size_t>(length < 0 ? 0 : length);
    fields_.push_back(length < 0 ? std::string_view() : rest.substr(0, size));
    rest.remove_prefix(size);
  }
  return true;
}

}  // namespace drift
