#include "ledger/sqlite_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/reasons.h"
#include "ledger/open.h"

namespace drift::ledger {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr size_t kMaxGroup = 32;

Status SystemError(const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    return WithReason(ResourceExhausted("{}: {}", path, std::strerror(error)), reason::kDiskFull);
  }
  return PermissionDenied("{}: {}", path, std::strerror(error));
}

Status InUse(const std::string& path, int file) {
  char text[32] = {};
  const ssize_t size = pread(file, text, sizeof(text) - 1, 0);
  // The other process writes its number right after it took the lock.
  const std::string holder = size > 0 ? fmt::format("process {}", text) : "another process";
  return WithReason(
      FailedPrecondition("{}: the ledger is in use by {}; stop that daemon, or give this one a"
                         " ledger of its own",
                         path, holder),
      kLedgerInUse);
}

}  // namespace

// -- the lock -------------------------------------------------------------------------------------

StatusOr<SqliteFileLock> SqliteFileLock::Take(const std::string& path) {
  // The same file by another name has the same lock.
  std::error_code ignored;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, ignored);
  const std::string name = (real.empty() ? path : real.string()) + ".lock";
  const int file = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (file < 0) return SystemError(name, errno);
  SqliteFileLock lock(file);
  // flock and not fcntl: it belongs to this opening of the file, so it also keeps a second ledger
  // in the same process out.
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? InUse(path, file) : SystemError(name, errno);
  }
  const std::string pid = fmt::format("{}", getpid());
  if (ftruncate(file, 0) != 0 || pwrite(file, pid.data(), pid.size(), 0) < 0) {
    return SystemError(name, errno);
  }
  return lock;
}

SqliteFileLock::SqliteFileLock(SqliteFileLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)) {}

// The file stays: removing it could take the lock of another process away.
SqliteFileLock::~SqliteFileLock() {
  if (file_ >= 0) close(file_);
}

Status MakeParentFolder(const std::string& path) {
  constexpr mode_t kOwnerFolder = 0700;
  std::filesystem::path folder;
  for (const std::filesystem::path& part : std::filesystem::path(path).parent_path()) {
    folder /= part;
    if (mkdir(folder.c_str(), kOwnerFolder) == 0) continue;
    const int error = errno;
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored)) return SystemError(folder.string(), error);
  }
  return OkStatus();
}

// -- readers --------------------------------------------------------------------------------------

SqliteReaders::Lease::~Lease() {
  if (db_ != nullptr) readers_.Release(std::move(db_));
}

StatusOr<SqliteReaders::Lease> SqliteReaders::Acquire() {
  std::unique_ptr<SqliteDatabase> db;
  {
    MutexLock lock(mu_);
    freed_.wait(mu_, [this] { return in_use_ < kMost; });
    ++in_use_;
    if (!idle_.empty()) {
      db = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (db != nullptr) return Lease(*this, std::move(db));
  auto opened = Open();
  if (opened.ok()) return Lease(*this, std::move(*opened));
  Release(nullptr);
  return opened.status();
}

void SqliteReaders::Release(std::unique_ptr<SqliteDatabase> db) {
  {
    MutexLock lock(mu_);
    --in_use_;
    if (db != nullptr) idle_.push_back(std::move(db));
  }
  freed_.notify_one();
}

// -- the writer -----------------------------------------------------------------------------------

Status SqliteWriter::Write(int64_t lane, const std::function<Status(SqliteDatabase&)>& work,
                           const std::function<void()>& committed) {
  Call call{lane, work, committed, OkStatus()};
  {
    MutexLock lock(mu_);
    waiting_.push_back(&call);
  }
  for (;;) {
    std::vector<Call*> group;
    {
      MutexLock lock(mu_);
      changed_.wait(mu_, [&] { return call.done || !busy_; });
      if (call.done) return call.status;
      busy_ = true;  // this thread leads; its own call may have to wait for the next group
      group = TakeGroup();
    }
    if (group.size() == 1 || !RunGroup(group)) {
      for (Call* one : group) RunAlone(*one);
    }
    {
      MutexLock lock(mu_);
      for (Call* one : group) one->done = true;
      busy_ = false;
    }
    changed_.notify_all();
  }
}

// The first that waits, and whoever may share its transaction.
std::vector<SqliteWriter::Call*> SqliteWriter::TakeGroup() {
  std::vector<Call*> group;
  std::vector<Call*> left;
  const auto shares = [&group](const Call* call) {
    if (group.empty()) return true;
    if (group.size() >= kMaxGroup || call->lane == kAlone) return false;
    return std::none_of(group.begin(), group.end(), [call](const Call* other) {
      return other->lane == kAlone || (call->lane != kAnyLane && call->lane == other->lane);
    });
  };
  for (Call* call : waiting_) (shares(call) ? group : left).push_back(call);
  waiting_ = std::move(left);
  return group;
}

// False: nothing of it was committed, and each is to be run alone.
bool SqliteWriter::RunGroup(const std::vector<Call*>& group) {
  auto transaction = SqliteTransaction::Begin(*db_, SqliteTransaction::Kind::kWrite);
  if (!transaction.ok()) {
    for (Call* call : group) call->status = transaction.status();
    return true;  // alone they would fare no better
  }
  for (Call* call : group) {
    call->status = RunShared(*call);
    // A full disk, say, rolls all of it back.
    if (!db_->in_transaction()) return false;
  }
  if (!transaction->Commit().ok()) return false;
  for (Call* call : group) {
    if (call->status.ok()) call->committed();
  }
  return true;
}

Status SqliteWriter::RunShared(Call& call) {
  ASSIGN_OR_RETURN(SqliteStatement save, db_->Prepare("SAVEPOINT one"));
  ASSIGN_OR_RETURN(SqliteStatement undo, db_->Prepare("ROLLBACK TO one"));
  ASSIGN_OR_RETURN(SqliteStatement release, db_->Prepare("RELEASE one"));
  RETURN_IF_ERROR(save.Run());
  Status status = call.work(*db_);
  if (!status.ok() && db_->in_transaction()) RETURN_IF_ERROR(undo.Run());
  if (db_->in_transaction()) RETURN_IF_ERROR(release.Run());
  return status;
}

void SqliteWriter::RunAlone(Call& call) {
  call.status = [&]() -> Status {
    ASSIGN_OR_RETURN(SqliteTransaction transaction,
                     SqliteTransaction::Begin(*db_, SqliteTransaction::Kind::kWrite));
    RETURN_IF_ERROR(call.work(*db_));
    return transaction.Commit();
  }();
  if (call.status.ok()) call.committed();
}

}  // namespace drift::ledger
