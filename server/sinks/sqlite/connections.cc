#include "sinks/sqlite/connections.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace drift::sqlite {
namespace {

// Pages of ids are written all over the file; those at hand spare reading them again.
constexpr int64_t kCacheBytes = 16 << 20;
constexpr size_t kMaxIdle = 4;

// The parent folders, for their owner only.
Status CreateFolders(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::filesystem::path made;
  for (const auto& part : folder) {
    made /= part;
    if (mkdir(made.c_str(), 0700) == 0 || errno == EEXIST || errno == EROFS) continue;
    const StatusCode code =
        errno == EACCES ? StatusCode::kPermissionDenied : StatusCode::kFailedPrecondition;
    return Error(code, "{}: the folder cannot be made: {}", made.string(), std::strerror(errno));
  }
  return OkStatus();
}

}  // namespace

Connections::Lease::Lease(Connections& owner, Kind kind, std::unique_ptr<SqliteDatabase> db,
                          std::stop_token stop)
    : owner_(&owner),
      kind_(kind),
      db_(std::move(db)),
      stop_(std::make_unique<SqliteStop>(*db_, std::move(stop))) {}

Connections::Lease::Lease(Lease&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      kind_(other.kind_),
      db_(std::move(other.db_)),
      stop_(std::move(other.stop_)) {}

Connections::Lease::~Lease() {
  if (owner_ == nullptr) return;
  stop_.reset();
  owner_->Release(kind_, std::move(db_));
}

std::optional<Connections::FileId> Connections::Identify() const {
  struct stat file;
  if (stat(path_.c_str(), &file) != 0) return std::nullopt;
  return FileId{file.st_dev, file.st_ino};
}

StatusOr<std::unique_ptr<SqliteDatabase>> Connections::Open(const std::stop_token& stop) {
  if (stop.stop_requested()) return Cancelled("{}: stopped", path_);
  const auto file = Identify();
  {
    MutexLock lock(mu_);
    // Writing on into a file that has lost its name would lose everything with it.
    if (file != file_) idle_.clear();
    file_ = file;
    if (!idle_.empty()) {
      auto db = std::move(idle_.back());
      idle_.pop_back();
      return db;
    }
  }
  if (!file) return NotFound("{}: no such file", path_);
  return SqliteDatabase::Open(path_, {.create = false, .cache_bytes = kCacheBytes});
}

StatusOr<Connections::Lease> Connections::Acquire(Kind kind, std::stop_token stop) {
  if (kind == Kind::kWrite) {
    MutexLock lock(mu_);
    if (!freed_.wait(mu_, stop, [this] { return !writing_; })) {
      return Cancelled("{}: stopped", path_);
    }
    writing_ = true;
  }
  auto db = Open(stop);
  if (!db.ok()) {
    Release(kind, nullptr);
    return db.status();
  }
  return Lease(*this, kind, *std::move(db), std::move(stop));
}

void Connections::Release(Kind kind, std::unique_ptr<SqliteDatabase> db) {
  {
    MutexLock lock(mu_);
    if (kind == Kind::kWrite) writing_ = false;
    if (db != nullptr && idle_.size() < kMaxIdle && !db->in_transaction()) {
      idle_.push_back(std::move(db));
    }
  }
  freed_.notify_one();
}

Status Connections::Create(int page_bytes) {
  RETURN_IF_ERROR(CreateFolders(path_));
  // The size of a page is settled by the first write, which turning WAL on is.
  ASSIGN_OR_RETURN(const auto db, SqliteDatabase::Open(path_, {.wal = false}));
  return db->Execute(fmt::format("PRAGMA page_size = {}; PRAGMA journal_mode = WAL", page_bytes));
}

}  // namespace drift::sqlite
