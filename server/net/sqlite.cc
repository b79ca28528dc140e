#include "net/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "core/reasons.h"

namespace drift {
namespace {

constexpr std::string_view kMemory = ":memory:";
// Virtual machine steps between two looks at a stop token: about a tenth of a millisecond.
constexpr int kStepsPerLook = 10'000;
constexpr int kPageBytes = 4096;

bool IsDiskFull(int code, int system_error) {
  if ((code & 0xFF) == SQLITE_FULL) return true;
  if ((code & 0xFF) != SQLITE_IOERR) return false;
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

StatusCode ConstraintCode(int code) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return StatusCode::kAlreadyExists;
    default:
      return StatusCode::kFailedPrecondition;
  }
}

StatusCode CodeOf(int code, int system_error, std::string_view message) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_IOERR:
      return StatusCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return StatusCode::kDataLoss;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return StatusCode::kPermissionDenied;
    case SQLITE_CANTOPEN:
      return system_error == EACCES ? StatusCode::kPermissionDenied : StatusCode::kNotFound;
    case SQLITE_CONSTRAINT:
      return ConstraintCode(code);
    case SQLITE_TOOBIG:
      return StatusCode::kInvalidArgument;
    case SQLITE_NOMEM:
      return StatusCode::kResourceExhausted;
    case SQLITE_INTERRUPT:
      return StatusCode::kCancelled;
    case SQLITE_ERROR:
      return message.starts_with("no such table") ? StatusCode::kNotFound : StatusCode::kInternal;
    default:
      return StatusCode::kInternal;
  }
}

// SQLite would create the file for everybody to read.
Status CreateFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file >= 0) {
    close(file);
    return OkStatus();
  }
  const StatusCode code = errno == ENOENT || errno == ENOTDIR  ? StatusCode::kNotFound
                          : errno == ENOSPC || errno == EDQUOT ? StatusCode::kResourceExhausted
                                                               : StatusCode::kPermissionDenied;
  const Status status = Error(code, "{}: {}", path, std::strerror(errno));
  return code == StatusCode::kResourceExhausted ? WithReason(status, reason::kDiskFull) : status;
}

}  // namespace

// -- the connection -------------------------------------------------------------------------------

StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const std::string& path,
                                                               const SqliteOptions& options) {
  if (path != kMemory && !path.starts_with('/')) {
    return InvalidArgument("{}: the path of a database is absolute", path);
  }
  if (path.find('\0') != std::string::npos) {
    return InvalidArgument("the path of a database contains a NUL byte");
  }
  std::unique_ptr<SqliteDatabase> db(new SqliteDatabase(path, options));
  RETURN_IF_ERROR(db->Connect());
  RETURN_IF_ERROR(db->Configure());
  return db;
}

SqliteDatabase::~SqliteDatabase() {
  for (const auto& [sql, cached] : cache_) sqlite3_finalize(cached.statement);
  sqlite3_close_v2(handle_);
}

Status SqliteDatabase::Connect() {
  if (options_.create && !options_.read_only && path_ != kMemory) {
    RETURN_IF_ERROR(CreateFile(path_));
  }
  // The caller keeps threads apart, so SQLite's own locks would be waste.
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (options_.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  const int code = sqlite3_open_v2(path_.c_str(), &handle_, flags, nullptr);
  if (code != SQLITE_OK) return ToStatus(code);
  sqlite3_busy_handler(handle_, &SqliteDatabase::OnBusy, this);
  // A file from elsewhere may carry a hostile schema.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return OkStatus();
}

Status SqliteDatabase::Configure() {
  constexpr int64_t kKiB = 1024;
  // SQLite is quiet about a file that is no database until the first read: read now.
  ASSIGN_OR_RETURN(const int64_t version, QueryInt("PRAGMA schema_version"));
  static_cast<void>(version);
  if (options_.wal && !options_.read_only) RETURN_IF_ERROR(Execute("PRAGMA journal_mode = WAL"));
  std::string sql = fmt::format(
      "PRAGMA synchronous = {}; PRAGMA cache_size = -{}; PRAGMA mmap_size = {};"
      "PRAGMA wal_autocheckpoint = {}; PRAGMA foreign_keys = ON;",
      options_.sync_full ? "FULL" : "NORMAL", std::max<int64_t>(options_.cache_bytes / kKiB, 1),
      options_.mmap_bytes, options_.checkpoint_pages);
  // A WAL that a large transaction blew up shrinks again at the next checkpoint.
  sql += fmt::format("PRAGMA journal_size_limit = {}; PRAGMA secure_delete = {};",
                     4 * int64_t{options_.checkpoint_pages} * kPageBytes,
                     options_.overwrite_deleted ? "ON" : "FAST");
  if (options_.max_pages > 0) sql += fmt::format("PRAGMA max_page_count = {};", options_.max_pages);
  return Execute(sql);
}

Status SqliteDatabase::ToStatus(int code) const {
  const int system_error = handle_ == nullptr ? errno : sqlite3_system_errno(handle_);
  // A code of another call (a failed bind, say) has no words in the connection.
  const bool own = handle_ != nullptr && (sqlite3_errcode(handle_) & 0xFF) == (code & 0xFF);
  const std::string message = own ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  if (IsDiskFull(code, system_error)) {
    return WithReason(ResourceExhausted("{}: no room left to write ({})", path_, message),
                      reason::kDiskFull);
  }
  const StatusCode status = CodeOf(code, system_error, message);
  const bool gave_up_waiting = (code & 0xFF) == SQLITE_BUSY && stop_.stop_requested();
  if (status == StatusCode::kCancelled || gave_up_waiting) return Cancelled("{}: stopped", path_);
  if (status == StatusCode::kUnavailable && (code & 0xFF) != SQLITE_IOERR) {
    return Unavailable("{}: another connection holds the database ({})", path_, message);
  }
  if (system_error == 0 || ((code & 0xFF) != SQLITE_IOERR && (code & 0xFF) != SQLITE_CANTOPEN)) {
    return Error(status, "{}: {}", path_, message);
  }
  return Error(status, "{}: {} ({})", path_, message, std::strerror(system_error));
}

Status SqliteDatabase::Execute(std::string_view sql) {
  while (!sql.empty()) {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    int code =
        sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, &tail);
    if (code != SQLITE_OK) return ToStatus(code);
    sql.remove_prefix(static_cast<size_t>(tail - sql.data()));
    if (statement == nullptr) continue;  // white space or a comment
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    }
    const Status status = code == SQLITE_DONE ? OkStatus() : ToStatus(code);
    sqlite3_finalize(statement);
    RETURN_IF_ERROR(status);
  }
  return OkStatus();
}

StatusOr<SqliteStatement> SqliteDatabase::Prepare(std::string_view sql) {
  // SQLite would compile what stands before the NUL, and run something else than was written.
  if (sql.find('\0') != std::string_view::npos) {
    return InvalidArgument("{}: a NUL byte in an SQL name or statement", path_);
  }
  const auto found = cache_.find(sql);
  if (found != cache_.end() && !found->second.lent) {
    found->second.lent = true;
    return SqliteStatement(this, found->second.statement, &found->second.lent);
  }
  sqlite3_stmt* statement = nullptr;
  const bool keep = found == cache_.end();
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement, nullptr);
  if (code != SQLITE_OK) return ToStatus(code);
  if (statement == nullptr) return InvalidArgument("{}: an empty SQL statement", path_);
  if (!keep) return SqliteStatement(this, statement, nullptr);
  MakeRoom();
  Cached& cached = cache_.emplace(sql, Cached{statement, true}).first->second;
  return SqliteStatement(this, statement, &cached.lent);
}

void SqliteDatabase::MakeRoom() {
  // Any statement not in use will do: which one is as good as random.
  for (auto it = cache_.begin(); cache_.size() >= kCachedStatements && it != cache_.end();) {
    if (it->second.lent) {
      ++it;
      continue;
    }
    sqlite3_finalize(it->second.statement);
    it = cache_.erase(it);
  }
}

StatusOr<int64_t> SqliteDatabase::QueryInt(std::string_view sql) {
  ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  ASSIGN_OR_RETURN(const bool found, statement.Step());
  if (!found) return NotFound("{}: nothing found", path_);
  return statement.Int(0);
}

int64_t SqliteDatabase::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(handle_);
}

int64_t SqliteDatabase::changes() const {
  return sqlite3_changes64(handle_);
}

bool SqliteDatabase::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

int SqliteDatabase::OnBusy(void* self, int calls) {
  const auto* db = static_cast<const SqliteDatabase*>(self);
  constexpr std::chrono::milliseconds kWait{2};
  if (kWait * calls >= db->options_.busy_timeout) return 0;
  return Clock::Real().Sleep(kWait, db->stop_) ? 1 : 0;
}

int SqliteDatabase::OnProgress(void* self) {
  return static_cast<const SqliteDatabase*>(self)->stop_.stop_requested() ? 1 : 0;
}

// -- stop, transactions, names --------------------------------------------------------------------

SqliteStop::SqliteStop(SqliteDatabase& db, std::stop_token stop) : db_(db) {
  db_.stop_ = std::move(stop);
  sqlite3_progress_handler(db_.handle_, kStepsPerLook, &SqliteDatabase::OnProgress, &db_);
}

SqliteStop::~SqliteStop() {
  sqlite3_progress_handler(db_.handle_, 0, nullptr, nullptr);
  db_.stop_ = {};
}

StatusOr<SqliteTransaction> SqliteTransaction::Begin(SqliteDatabase& db, Kind kind) {
  ASSIGN_OR_RETURN(SqliteStatement begin,
                   db.Prepare(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"));
  RETURN_IF_ERROR(begin.Run());
  return SqliteTransaction(db);
}

SqliteTransaction::SqliteTransaction(SqliteTransaction&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)) {}

SqliteTransaction::~SqliteTransaction() {
  // After some errors SQLite has rolled back by itself.
  if (db_ == nullptr || !db_->in_transaction()) return;
  auto rollback = db_->Prepare("ROLLBACK");
  if (rollback.ok()) rollback->Run().IgnoreError();
}

Status SqliteTransaction::Commit() {
  ASSIGN_OR_RETURN(SqliteStatement commit, db_->Prepare("COMMIT"));
  // A failed COMMIT (busy, disk full) may leave the transaction open: the destructor ends it.
  RETURN_IF_ERROR(commit.Run());
  db_ = nullptr;
  return OkStatus();
}

std::string SqliteQuote(std::string_view identifier) {
  std::string out = "\"";
  for (const char c : identifier) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

}  // namespace drift
