// SQLite, thinly: connections, prepared statements, transactions, and errors as Status.
//
//   ASSIGN_OR_RETURN(auto db, SqliteDatabase::Open("/var/lib/x.db", {}));
//   ASSIGN_OR_RETURN(SqliteStatement read, db->Prepare("SELECT name FROM t WHERE id = ?"));
//   read.BindAll(id);
//   ASSIGN_OR_RETURN(const bool found, read.Step());
//   if (found) Use(read.Text(0));
//
// Every error names the file. Codes:
//   kUnavailable        another connection holds the lock longer than busy_timeout; I/O error
//   kResourceExhausted  DISK_FULL: no room on the disk, over quota, or over max_pages
//   kDataLoss           the file is damaged, or no SQLite database
//   kPermissionDenied   read-only file, folder or file system
//   kNotFound           no such file (without `create`), no such folder, no such table
//   kAlreadyExists      a unique constraint
//   kFailedPrecondition any other constraint, and what a trigger raises
//   kInvalidArgument    a value too large
//   kCancelled          by SqliteStop
//   kInternal           SQL that does not compile, and anything unforeseen
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace drift {

struct SqliteOptions {
  bool create = true;  // the file, readable by its owner only; the folder must be there
  bool read_only = false;
  bool wal = true;  // ignored when read_only: the file says
  bool sync_full =
      true;  // a commit is on the disk when it returns; false: it may be lost, not torn
  int64_t cache_bytes = 8 << 20;    // of pages, at most
  int64_t mmap_bytes = 0;           // of the file's head, read without copying
  int32_t checkpoint_pages = 1000;  // of the WAL, after which a commit copies it into the file
  int64_t max_pages = 0;            // 0: no limit
  bool overwrite_deleted =
      false;  // zeros over what was deleted, even where that costs a write more
  std::chrono::milliseconds busy_timeout{5000};
};

// Bytes bound as a BLOB, where a string_view is bound as TEXT.
struct SqliteBlob {
  std::string_view bytes;
};

enum class SqliteType : uint8_t { kNull, kInteger, kReal, kText, kBlob };

class SqliteDatabase;

// A compiled statement on loan from its database's cache, reset and given back by the destructor.
// One thread at a time; must not outlive its database. Movable.
class SqliteStatement {
 public:
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) = delete;
  ~SqliteStatement();

  // Parameters count from 1. Text and blobs are not copied: they must live until the next Reset()
  // or the end of the statement. A failed Bind is reported by the next Step().
  void BindInt(int index, int64_t value);
  void BindReal(int index, double value);
  void BindText(int index, std::string_view value);
  void BindBlob(int index, std::string_view value);
  void BindNull(int index);

  // Resets, then binds all parameters by type: bool, integers and enums as INTEGER, floating point
  // as REAL, strings as TEXT, SqliteBlob as BLOB, std::optional of those (empty: NULL), nullptr as
  // NULL.
  template <typename... Args>
  void BindAll(const Args&... args) {
    Reset();
    int index = 0;
    (BindOne(++index, args), ...);
  }

  // True: a row can be read. False: the end.
  StatusOr<bool> Step();
  // Steps to the end and resets, so that it can be bound and run again.
  Status Run();
  // BindAll, then Run.
  template <typename... Args>
  Status RunWith(const Args&... args) {
    BindAll(args...);
    return Run();
  }
  void Reset();

  // Columns of the row count from 0. Views live until the next Step or Reset. NULL reads as 0 or as
  // empty.
  int columns() const;
  SqliteType type(int column) const;
  bool IsNull(int column) const;
  int64_t Int(int column) const;
  double Real(int column) const;
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;
  std::string String(int column) const { return std::string(Text(column)); }

 private:
  friend class SqliteDatabase;
  SqliteStatement(SqliteDatabase* db, sqlite3_stmt* statement, bool* lent)
      : db_(db), statement_(statement), lent_(lent) {}
  void Remember(int code);

  template <typename T>
  void BindOne(int index, const T& value) {
    if constexpr (std::is_same_v<T, SqliteBlob>) {
      BindBlob(index, value.bytes);
    } else if constexpr (std::is_same_v<T, std::nullptr_t>) {
      BindNull(index);
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      BindText(index, value);
    } else if constexpr (std::is_floating_point_v<T>) {
      BindReal(index, value);
    } else {
      static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
      BindInt(index, static_cast<int64_t>(value));
    }
  }
  template <typename T>
  void BindOne(int index, const std::optional<T>& value) {
    value ? BindOne(index, *value) : BindNull(index);
  }

  SqliteDatabase* db_;
  sqlite3_stmt* statement_;
  bool* lent_;  // of its place in the cache; null: it has none
  int bind_error_ = 0;
};

// One connection. One thread at a time.
class SqliteDatabase {
 public:
  // `path`: absolute, or ":memory:".
  static StatusOr<std::unique_ptr<SqliteDatabase>> Open(const std::string& path,
                                                        const SqliteOptions& options);
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;
  ~SqliteDatabase();

  // Any number of statements without parameters; rows are dropped.
  Status Execute(std::string_view sql);

  // Compiled once per text, as long as the cache of kCachedStatements keeps it.
  StatusOr<SqliteStatement> Prepare(std::string_view sql);

  // The first column of the first row; kNotFound when there is none.
  StatusOr<int64_t> QueryInt(std::string_view sql);

  int64_t last_insert_rowid() const;
  int64_t changes() const;  // rows the last INSERT, UPDATE or DELETE touched
  bool in_transaction() const;
  const std::string& path() const { return path_; }

  static constexpr size_t kCachedStatements = 200;

 private:
  friend class SqliteStatement;
  friend class SqliteStop;
  SqliteDatabase(std::string path, SqliteOptions options)
      : path_(std::move(path)), options_(options) {}
  Status Connect();
  Status Configure();
  // What `code` means here; the connection's own words when they belong to it.
  Status ToStatus(int code) const;
  static int OnBusy(void* self, int calls);
  static int OnProgress(void* self);
  void MakeRoom();

  struct Cached {
    sqlite3_stmt* statement = nullptr;
    bool lent = false;
  };
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  const std::string path_;
  const SqliteOptions options_;
  sqlite3* handle_ = nullptr;
  std::stop_token stop_;
  std::unordered_map<std::string, Cached, TextHash, std::equal_to<>> cache_;
};

// While it lives, what runs on the connection (and waits for a lock) returns kCancelled within
// milliseconds of `stop`. At most one per connection.
class SqliteStop {
 public:
  SqliteStop(SqliteDatabase& db, std::stop_token stop);
  SqliteStop(const SqliteStop&) = delete;
  SqliteStop& operator=(const SqliteStop&) = delete;
  ~SqliteStop();

 private:
  SqliteDatabase& db_;
};

// Rolled back by the destructor unless committed. One per connection at a time.
class SqliteTransaction {
 public:
  enum class Kind : uint8_t {
    kRead,   // one snapshot for all its reads
    kWrite,  // takes the write lock now, so that it cannot fail for that later
  };
  static StatusOr<SqliteTransaction> Begin(SqliteDatabase& db, Kind kind);
  SqliteTransaction(SqliteTransaction&& other) noexcept;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();

  // Not OK: rolled back.
  Status Commit();

 private:
  explicit SqliteTransaction(SqliteDatabase& db) : db_(&db) {}
  SqliteDatabase* db_;  // null: over
};

// "name" with its quotes doubled, for names that come from users.
std::string SqliteQuote(std::string_view identifier);

}  // namespace drift
