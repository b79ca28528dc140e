// PostgreSQL, thinly: connections, statements with binary parameters and results, transactions, and
// errors as Status (net/pg_error.h). COPY is net/pg_copy.h's, the pool net/pg_pool.h's.
//
//   ASSIGN_OR_RETURN(auto connection, PgConnection::Open(options, stop));
//   PgParams params;
//   params.Text(name).Int(limit);
//   ASSIGN_OR_RETURN(const PgResult rows, connection->Execute(
//       "SELECT id, name FROM t WHERE name > $1 ORDER BY name LIMIT $2", params, stop));
//   for (int i = 0; i < rows.rows(); ++i) Use(rows.Int(i, 0), rows.Text(i, 1));
//
// A call that is stopped or runs out of time returns kCancelled or kDeadlineExceeded within
// milliseconds, even from a server that is frozen: its connection is dropped, and the server ends
// the statement when it notices (client_connection_check_interval: half a second, PostgreSQL 14 or
// newer).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "base/status.h"
#include "base/uri.h"
#include "net/pg_value.h"

struct pg_conn;
struct pg_result;

namespace drift {

struct PgOptions {
  std::string host;  // a name, an address, or the folder of a Unix socket
  uint16_t port = 5432;
  std::string user;  // empty: libpq's default
  Secret password;
  std::string database;
  std::string sslmode;      // libpq's words; empty: prefer
  std::string sslrootcert;  // files
  std::string sslcert;
  std::string sslkey;
  std::string application_name = "driftd";
  // Resolving the host's name comes before it and is not bounded by it.
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds call_timeout{120'000};  // of one statement; 0: none
  std::vector<std::string> setup;                   // statements every new connection begins with

  // "postgresql db:5432/name": what messages call it.
  std::string Name() const;
};

// Reads host, port, user, database and password of a postgresql:// URI and its options password
// (env:NAME or file:/path), sslmode, sslrootcert, sslcert, sslkey; others are the caller's to
// check. kInvalidArgument: no host or database, or a password option that is no reference.
// kNotFound: the secret is not there.
StatusOr<PgOptions> PgOptionsFromUri(const Uri& uri);

// Rows of a statement, in memory. Rows and columns count from 0. Movable.
class PgResult {
 public:
  int rows() const;
  int columns() const;
  int64_t affected() const;  // rows an INSERT, UPDATE, DELETE or COPY touched

  // REQUIRES: a row and column that are there, of such a type. NULL reads as 0 or as empty. Views
  // live as long as the result.
  PgType type(int column) const;
  bool IsNull(int row, int column) const;
  bool Bool(int row, int column) const;
  int64_t Int(int row, int column) const;  // int2, int4, int8, oid
  double Real(int row, int column) const;  // float4, float8
  std::string_view Text(int row, int column) const;
  std::string_view Bytes(int row, int column) const { return Text(row, column); }
  std::string_view Json(int row, int column) const;  // jsonb
  std::string String(int row, int column) const { return std::string(Text(row, column)); }
  WallTime Time(int row, int column) const;  // timestamptz
  Uuid Id(int row, int column) const;        // uuid

 private:
  friend class PgConnection;
  struct Clear {
    void operator()(pg_result* result) const;
  };
  explicit PgResult(pg_result* result) : result_(result) {}
  std::unique_ptr<pg_result, Clear> result_;
};

// One connection. One thread at a time.
class PgConnection {
 public:
  static StatusOr<std::unique_ptr<PgConnection>> Open(const PgOptions& options,
                                                      std::stop_token stop);
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;
  ~PgConnection();

  // One statement with parameters $1, $2, ...; prepared on first use and kept by its text.
  StatusOr<PgResult> Execute(std::string_view sql, const PgParams& params, std::stop_token stop);
  StatusOr<PgResult> Execute(std::string_view sql, std::stop_token stop) {
    return Execute(sql, PgParams(), std::move(stop));
  }
  // The same without keeping it: for statements whose text hardly comes twice.
  StatusOr<PgResult> ExecuteOnce(std::string_view sql, const PgParams& params,
                                 std::stop_token stop);
  // Any number of statements without parameters; rows are dropped. Outside a transaction they are
  // one.
  Status Script(std::string_view sql, std::stop_token stop);
  // The same in one round trip with the rows of the last statement, all of them as text.
  StatusOr<PgResult> Query(std::string_view sql, std::stop_token stop);

  // For calls to come: an index on a large table takes hours.
  void set_call_timeout(std::chrono::milliseconds timeout) { options_.call_timeout = timeout; }

  // Whether it is open and between calls, and the server has not hung up; costs no round trip.
  bool Usable();
  bool in_transaction() const;
  int server_version() const;  // 160014 for 16.14
  const std::string& name() const { return name_; }

 private:
  friend class PgCopyWriter;
  friend class PgCopyReader;
  friend class PgTransaction;
  class Call;
  enum class Await : uint8_t { kRead, kWrite, kReadOrWrite };
  struct Prepared {
    std::string name;
    std::vector<uint32_t> types;
  };

  explicit PgConnection(const PgOptions& options) : options_(options), name_(options.Name()) {}
  Status Connect(std::stop_token stop);
  Status AwaitConnection(Call& call);
  Status SetUp(std::stop_token stop);
  Status Wait(Await what, Call& call);
  Status Flush(Call& call);
  Status ConsumeInput();
  StatusOr<PgResult> Finish(Call& call);
  StatusOr<const Prepared*> Prepare(std::string_view sql, const PgParams& params, Call& call);
  StatusOr<PgResult> Send(std::string_view sql, const Prepared* prepared, const PgParams& params,
                          Call& call);
  Status CheckOpen() const;
  Status Lost();  // drops the connection; kUnavailable with libpq's words
  Status Failed(const pg_result* result) const;
  void Close();

  // For COPY. StartCopy: the server awaits or sends data. ReadCopy: false at the end.
  Status StartCopy(std::string_view sql, bool in, std::stop_token stop);
  Status SendCopy(std::string_view bytes, std::stop_token stop);
  StatusOr<PgResult> EndCopy(std::stop_token stop);
  StatusOr<bool> ReadCopy(std::string& bytes, std::stop_token stop);

  PgOptions options_;
  const std::string name_;
  pg_conn* handle_ = nullptr;  // null: dropped
  int wake_ = -1;              // eventfd, written when a call is stopped
  std::unordered_map<std::string, Prepared> prepared_;
};

// Rolled back by the destructor unless committed (or the connection is gone, which does the same).
class PgTransaction {
 public:
  static StatusOr<PgTransaction> Begin(PgConnection& connection, std::stop_token stop);
  // Takes over one that a script has begun. REQUIRES: connection.in_transaction().
  static PgTransaction Adopt(PgConnection& connection) { return PgTransaction(connection); }
  PgTransaction(PgTransaction&& other) noexcept;
  PgTransaction& operator=(PgTransaction&&) = delete;
  ~PgTransaction();

  // kUnavailable, kDeadlineExceeded or kCancelled: it may have been committed all the same. Any
  // other error: it was not.
  Status Commit(std::stop_token stop);

 private:
  explicit PgTransaction(PgConnection& connection) : connection_(&connection) {}
  PgConnection* connection_;  // null: over
};

// "name" with its quotes doubled, for names that come from users. The server cuts names off after
// 63 bytes, so longer ones are kInvalidArgument, as are empty ones and NUL bytes.
StatusOr<std::string> PgQuote(std::string_view identifier);
// 'text' as a literal, where parameters cannot stand (COMMENT ON).
std::string PgQuoteLiteral(std::string_view text);

}  // namespace drift
